const rules = JSON.parse(document.getElementById("rules").textContent);
const field = document.getElementById("search");
function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let any = false;
  for (const { name, text } of rules) {
    const found = words.every((word) => text.includes(word));
    document.getElementById(name).hidden = !found;
    any ||= found;
  }
  document.getElementById("none").hidden = any;
}
field.addEventListener("input", search);
search();
