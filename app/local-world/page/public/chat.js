// Starts the chat client as a demo account. The account is chosen by the address: /chat?region=eu&account=carol
import converse from "/converse/converse.min.js";

const asked = new URLSearchParams(location.search);

// The client's own footer loads pictures from outside. Whatever is defined first stays.
customElements.define("converse-footer", class extends HTMLElement {});

async function main() {
  const world = await (await fetch("/world.json")).json();
  const region = world.regions?.find(({ name }) => name === asked.get("region"));
  const account = region?.accounts.find(({ local }) => local === asked.get("account")) ?? region?.accounts[0];
  if (!account) return tell("There is no such account in this world.");
  const socket = await webSocketOf(region.name);
  const partner = partnerOf(world, region);
  converse.plugins.add("meridian", {
    initialize() {
      const { api } = this._converse;
      // Where there is room beside the list of contacts, a chat is open already.
      if (partner && innerWidth > 600) api.listen.once("rosterContactsFetched", () => api.chats.open(partner));
    },
  });
  await converse.initialize({
    ...settings,
    jid: account.jid,
    password: account.password,
    websocket_url: socket,
  });
}

const settings = {
  authentication: "login",
  auto_login: true,
  auto_reconnect: true,
  assets_path: "/converse/",
  sounds_path: "/converse/sounds/",
  // Nothing is looked up outside, and nothing outlives the window: two windows are two people.
  discover_connection_methods: false,
  persistent_store: "sessionStorage",
  keepalive: false,
  reuse_scram_keys: false,
  allow_registration: false,
  registration_providers_url: "",
  providers_link: "",
  muc_search_service: "",
  embed_3rd_party_media_players: false,
  render_media: false,
  view_mode: "fullscreen",
  show_controlbox_by_default: true,
  sticky_controlbox: true,
  roster_groups: true,
  // Encryption from device to device needs personal eventing (XEP-0163), which a region does not offer yet.
  blacklisted_plugins: ["converse-omemo", "converse-omemo-views"],
  whitelisted_plugins: ["meridian"],
  show_self_in_roster: false,
  show_desktop_notifications: false,
  show_client_info: false,
  theme: "classic",
  dark_theme: "dracula",
  loglevel: "warn",
};

/** Whom to write to first: the one the address names, or somebody of the next region. */
function partnerOf(world, region) {
  const others = world.regions.filter((each) => each !== region);
  const named = world.regions.flatMap(({ accounts }) => accounts).find(({ jid }) => jid === asked.get("with"));
  return (named ?? others[0]?.accounts[0])?.jid;
}

/** The region's WebSocket as it is now: a node that came back may have another port. */
function webSocketOf(name) {
  return new Promise((resolve) => {
    const events = new EventSource("/events");
    events.onmessage = ({ data }) => {
      const region = JSON.parse(data).regions.find((each) => each.name === name);
      if (region?.state !== "up") return;
      events.close();
      resolve(region.webSocket);
    };
  });
}

function tell(text) {
  const place = document.getElementById("problem");
  place.textContent = text;
  place.hidden = false;
}

main().catch((error) => tell(`The chat cannot start: ${error.message}`));
