// The live map: the picture of the world with the state of its regions and links put in.

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Draws the world into `place`, again when the colours change. Resolves with what puts a state in. */
export async function drawMap(place, short) {
  let latest;
  const draw = async () => {
    const answer = await fetch(`/map.svg?theme=${dark.matches ? "dark" : "light"}`);
    const picture = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
    // The inner picture alone: title and legend are the page's own business.
    const inner = picture.querySelector("svg");
    inner.setAttribute("viewBox", `0 0 ${inner.getAttribute("width")} ${inner.getAttribute("height")}`);
    for (const name of ["width", "height", "y"]) inner.removeAttribute(name);
    for (const region of inner.querySelectorAll("g[data-region]")) {
      const [name, note] = region.querySelectorAll("text");
      note.classList.add("note");
      region.dataset.place = note.textContent;
      if (short) name.textContent = region.dataset.region;
    }
    inner.style.background = picture.querySelector("rect").getAttribute("fill");
    place.replaceChildren(document.importNode(inner, true));
    if (latest) put(latest);
  };
  const put = (state) => {
    latest = state;
    for (const region of state.regions) {
      const mark = place.querySelector(`g[data-region="${CSS.escape(region.name)}"]`);
      if (!mark) continue;
      mark.classList.toggle("wait", region.state === "starting" || region.state === "restarting");
      mark.classList.toggle("down", region.state === "ending");
      mark.classList.toggle("here", region.here === true);
      mark.querySelector(".note").textContent = `${mark.dataset.place} · ${count(region.sessions, "session")}`;
    }
    for (const link of state.links) {
      const [a, b] = link.regions.map((name) => CSS.escape(name));
      const line = place.querySelector(`path[data-link="${a} ${b}"]`);
      line?.classList.toggle("down", link.state === "down");
      line?.classList.toggle("connecting", link.state === "connecting");
    }
  };
  dark.addEventListener("change", draw);
  await draw();
  return put;
}

/** "1 session", "2 sessions". */
export function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
