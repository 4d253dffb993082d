// The agreement on paper: a button that prints, and everything unfolded while it does.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

const folded = new Set();

window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll(".sheet details:not([open])")) {
    part.open = true;
    folded.add(part);
  }
});

window.addEventListener("afterprint", () => {
  for (const part of folded) part.open = false;
  folded.clear();
});
