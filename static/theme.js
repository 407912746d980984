// The chosen theme, set before anything is painted. Without a choice the system's holds.
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
