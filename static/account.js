// Who trades here: the user and the key. Both are kept in this tab only, and forgotten when it closes.

const USER_NAME = "order-engine-user";
const KEY_NAME = "order-engine-api-key";

export function readUser() {
  return sessionStorage.getItem(USER_NAME) ?? "";
}

export function readKey() {
  return sessionStorage.getItem(KEY_NAME) ?? "";
}

export function createAccount({ onChange }) {
  const user = document.getElementById("user_id");
  const key = document.getElementById("api_key");
  user.value = readUser();
  key.value = readKey();
  for (const [field, name] of [[user, USER_NAME], [key, KEY_NAME]]) {
    field.addEventListener("change", () => {
      keep(name, field.value.trim());
      showProblem(field, "");
      onChange();
    });
  }
  document.getElementById("account").addEventListener("submit", (event) => {
    event.preventDefault();
    document.activeElement.blur();
  });

  return {
    user: readUser,
    // Says beside the field what is wrong with the user or the key.
    refuse: (name, sentence) => showProblem(name === "api_key" ? key : user, sentence),
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
  field.focus();
}
