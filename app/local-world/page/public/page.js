// The page: regions with their people, the live state of the world, and the chat of who was chosen.
import { count, drawMap } from "/map.js";

const byId = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);

/** The world's description; asked for again until the world is up. */
async function describeWorld() {
  for (;;) {
    const answer = await fetch("/world.json").catch(() => undefined);
    if (answer?.ok) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const nameOf = (local) => local.charAt(0).toUpperCase() + local.slice(1);

/** The account of the address, or the first of the region it names. */
function chosenAccount(world) {
  const region = world.regions.find(({ name }) => name === asked.get("region"));
  if (!region) return undefined;
  const account = region.accounts.find(({ local }) => local === asked.get("account")) ?? region.accounts[0];
  return account && { region, account };
}

function regionCard(region, chosen) {
  const card = document.createElement("article");
  card.className = "region";
  card.dataset.name = region.name;
  const title = document.createElement("h2");
  const dot = document.createElement("span");
  dot.className = "dot";
  title.append(dot, region.domain);
  const facts = document.createElement("p");
  facts.className = "facts";
  facts.textContent = region.place;
  const nodes = document.createElement("ul");
  nodes.className = "nodes";
  nodes.hidden = true;
  const people = document.createElement("div");
  people.className = "people";
  for (const { local } of region.accounts) {
    const link = document.createElement("a");
    link.href = `/?region=${encodeURIComponent(region.name)}&account=${encodeURIComponent(local)}`;
    link.textContent = nameOf(local);
    link.title = `Log in as ${local}@${region.domain}`;
    const current = chosen?.region === region && chosen.account.local === local;
    if (current) link.setAttribute("aria-current", "true");
    else link.target = "_blank";
    people.append(link);
  }
  card.append(title, facts, nodes, people);
  return card;
}

const looks = { up: "up", ending: "down" };

/** The nodes of a region, where it has several: each with its state, and how many sessions it has. */
function showNodes(place, nodes) {
  place.hidden = nodes.length < 2;
  if (place.hidden) return;
  const marks = nodes.map(({ name, state, sessions }) => {
    const item = document.createElement("li");
    item.className = looks[state] ?? "wait";
    item.title = state === "up" ? `${name}: ${count(sessions, "session")}` : `${name}: ${state}`;
    const dot = document.createElement("span");
    dot.className = "mark";
    item.append(dot, state === "up" ? `${name} · ${sessions}` : `${name} · ${state}`);
    return item;
  });
  place.replaceChildren(...marks);
}

/** Puts a state of the world into the cards and the header. */
function showState(world, state) {
  for (const region of state.regions) {
    const card = document.querySelector(`.region[data-name="${CSS.escape(region.name)}"]`);
    if (!card) continue;
    const { place } = world.regions.find(({ name }) => name === region.name);
    card.className = `region ${looks[region.state] ?? "wait"}`;
    showNodes(card.querySelector(".nodes"), region.nodes);
    const links = `${region.linksUp} of ${count(world.regions.length - 1, "link")}`;
    const what = region.state === "up" ? links : region.state;
    card.querySelector(".facts").textContent = `${place} · ${count(region.sessions, "session")} · ${what}`;
  }
  const up = state.links.filter((link) => link.state === "up").length;
  const sessions = state.regions.reduce((sum, region) => sum + region.sessions, 0);
  byId("pulse").textContent = `${up} of ${count(state.links.length, "link")} up · ${count(sessions, "session")}`;
}

function watch(world, chosen, putOnMap) {
  const events = new EventSource("/events");
  events.onmessage = ({ data }) => {
    const state = JSON.parse(data);
    for (const region of state.regions) region.here = chosen?.region.name === region.name;
    showState(world, state);
    putOnMap(state);
  };
  events.onerror = () => {
    byId("pulse").textContent = "the world has ended, or cannot be reached";
    for (const card of document.querySelectorAll(".region")) card.className = "region down";
  };
}

async function main() {
  const world = await describeWorld();
  const chosen = chosenAccount(world);
  byId("world").textContent = `${world.name} · ${world.domain}`;
  byId("regions").replaceChildren(...world.regions.map((region) => regionCard(region, chosen)));
  if (chosen) {
    document.title = `${nameOf(chosen.account.local)} · ${chosen.region.name} · Meridian`;
    document.body.classList.add("chatting");
    byId("picture").open = matchMedia("(min-width: 761px)").matches;
    byId("chat").src = `/chat${location.search}`;
    byId("chat").hidden = false;
    byId("hint").textContent =
      "Choose somebody in another region: a second window opens, and you can write to each other.";
  } else {
    byId("hint").textContent =
      "Choose somebody, and then somebody in another region: two windows open, and they can chat.";
  }
  const small = Boolean(chosen) || matchMedia("(max-width: 760px)").matches;
  document.body.classList.toggle("small-map", small);
  watch(world, chosen, await drawMap(byId("map"), small));
}

main();
