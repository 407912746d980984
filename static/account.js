// Who trades here: the user and the key. Both are kept in this tab only, and forgotten when it closes.

const USER_NAME = "order-engine-user";
const KEY_NAME = "order-engine-api-key";

export function readUser() {
  return sessionStorage.getItem(USER_NAME) ?? "";
}

export function readKey() {
  return sessionStorage.getItem(KEY_NAME) ?? "";
}

// `askWhose` asks whose the key is.
export function createAccount({ onChange, askWhose }) {
  const user = document.getElementById("user_id");
  const key = document.getElementById("api_key");
  user.value = readUser();
  key.value = readKey();
  for (const [field, name] of [[user, USER_NAME], [key, KEY_NAME]]) {
    field.addEventListener("change", () => {
      keep(name, field.value.trim());
      showProblem(field, "");
      if (field === key && key.value.trim()) useUserOfKey();
      onChange();
    });
  }
  document.getElementById("account").addEventListener("submit", (event) => {
    event.preventDefault();
    document.activeElement.blur();
  });

  async function useUserOfKey() {
    try {
      const { user_id } = await askWhose();
      if (!user_id || user_id === readUser()) return;
      user.value = user_id;
      keep(USER_NAME, user_id);
      onChange();
    } catch (error) {
      showProblem(key, error.message);
    }
  }

  return {
    user: readUser,
    // Says beside the field what is wrong with the user or the key.
    refuse(name, sentence) {
      const field = name === "api_key" ? key : user;
      showProblem(field, sentence);
      field.focus();
    },
    // The same while nobody waits for it: what is being typed elsewhere goes on.
    complain: (sentence) => showProblem(key, sentence),
  };
}

function keep(name, text) {
  if (text) sessionStorage.setItem(name, text);
  else sessionStorage.removeItem(name);
}

function showProblem(field, sentence) {
  document.getElementById("account-error").textContent = sentence;
  for (const each of document.getElementById("account").elements) each.removeAttribute("aria-invalid");
  if (!sentence) return;
  field.setAttribute("aria-invalid", "true");
}
