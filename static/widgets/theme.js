// The button that changes between light and dark. `onChange` is called when the colours are others, by it or the system.

export function createTheme({ onChange }) {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  document.getElementById("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    onChange();
  });
  dark.addEventListener("change", onChange);
}

// The present colour of a class name, for what is drawn and not styled.
export function colourOf(className) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.className = className;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
