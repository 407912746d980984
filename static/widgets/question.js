// Asks before something that cannot be undone, or that looks like a slip.

const dialog = document.getElementById("question");
const yes = document.getElementById("question-yes");

// Resolves to whether the answer was yes. The Escape key means no.
export function ask({ title, text, confirm, isDanger = false }) {
  if (dialog.open) return Promise.resolve(false);
  document.getElementById("question-title").textContent = title;
  document.getElementById("question-text").textContent = text;
  yes.textContent = confirm;
  yes.classList.toggle("danger", isDanger);
  dialog.returnValue = "no";
  dialog.showModal();
  yes.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

export function isAsking() {
  return dialog.open;
}
