(function () {
  "use strict";
  var files = Array.from(document.querySelectorAll("details.file"));
  var search = document.getElementById("search");
  var shown = document.getElementById("shown");
  if (files.length <= 3) files.forEach(function (file) { file.open = true; });

  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    files.forEach(function (file) {
      var has = words.every(function (word) { return file.dataset.words.includes(word); });
      file.hidden = !has;
      var link = document.querySelector('ol.index a[href="#' + file.id + '"]');
      if (link) link.parentElement.hidden = !has;
      if (has) count += 1;
    });
    shown.textContent = words.length ? count + " of " + files.length : "";
  }
  if (search) search.addEventListener("input", filter);

  // What a link leads to may be folded up.
  function reveal() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    var file = target.closest("details.file");
    if (file && !file.open) { file.open = true; target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", reveal);
  reveal();

  var findings = Array.from(document.querySelectorAll(".finding"));
  var here = -1;
  function go(step) {
    var next = here + step;
    while (findings[next] && findings[next].closest("details.file").hidden) next += step;
    if (!findings[next]) return;
    if (findings[here]) findings[here].classList.remove("here");
    here = next;
    var finding = findings[here];
    finding.closest("details.file").open = true;
    finding.classList.add("here");
    finding.focus({ preventScroll: true });
    finding.scrollIntoView({ block: "center" });
  }
  document.addEventListener("keydown", function (event) {
    var typing = event.target.tagName === "INPUT";
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing && event.key === "Escape") { event.target.blur(); return; }
    if (typing) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
  });
})();
