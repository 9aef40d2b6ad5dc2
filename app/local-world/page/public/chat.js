// Starts the chat client as a demo account. The account is chosen by the address: /chat?region=eu&account=carol
const asked = new URLSearchParams(location.search);

async function main() {
  const world = await (await fetch("/world.json")).json();
  const region = world.regions?.find(({ name }) => name === asked.get("region"));
  const account = region?.accounts.find(({ local }) => local === asked.get("account")) ?? region?.accounts[0];
  if (!account) return tell("There is no such account in this world.");
  const socket = await webSocketOf(region.name);
  await globalThis.converse.initialize({
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
  show_desktop_notifications: false,
  show_client_info: false,
  theme: "classic",
  dark_theme: "dracula",
  loglevel: "warn",
};

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
