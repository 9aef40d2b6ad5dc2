// Debian's Prosody and ejabberd as control runs: an experiment that they cannot fail would prove nothing of Meridian.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "../../bench/harness/certificate.ts";
import { waitForFeatures } from "../../bench/harness/ports.ts";
import { type Site as BenchSite, DOMAIN, localpart, PASSWORD, type Recipe } from "../../bench/harness/server.ts";
import { freePort, removeFolder, temporaryFolder } from "../harness/children.ts";
import { ProcessNode, type Site } from "./site.ts";

/** Servers beside Meridian. */
export const CONTROLS = ["prosody", "ejabberd"] as const;
export type Control = (typeof CONTROLS)[number];

/** Starts one process with stream management (XEP-0198) and an offline store on the disk. */
export async function startControl(name: Control, accounts: number): Promise<Site> {
  const folder = temporaryFolder(`chaos-${name}`);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const site: BenchSite = { accounts, folder, port, tlsPort, certificate: makeCertificate(folder, DOMAIN) };
  const recipe = await recipeOf(name);
  const { argv, env } = await recipe.prepare(site);
  addStreamManagement(name, folder);
  const ready = async (dead: () => boolean) => {
    await waitForFeatures(port, DOMAIN, dead);
    await recipe.ready?.(site);
  };
  const limits = ["sh", "-c", 'ulimit -n "$(ulimit -H -n)"; exec setpriv --pdeathsig KILL "$@"', "sh"];
  const command = { name, argv: [...limits, ...argv], folder, port, tied: false, ready };
  const node = new ProcessNode(env === undefined ? command : { ...command, env });
  await node.start();
  return {
    name,
    domain: DOMAIN,
    password: PASSWORD,
    mechanism: "PLAIN",
    localpart,
    nodes: [node],
    entrance: { port },
    async end() {
      await node.end("SIGKILL");
      removeFolder(folder);
    },
  };
}

async function recipeOf(name: Control): Promise<Recipe> {
  if (name === "prosody") return (await import("../../bench/harness/prosody.ts")).prosody;
  return (await import("../../bench/harness/ejabberd.ts")).ejabberd;
}

/** The benchmarks run without; modules named under a host of Prosody's add to the general ones. */
function addStreamManagement(name: Control, folder: string): void {
  if (name === "prosody") {
    const lines = ['modules_enabled = { "smacks", "offline", "ping" }', "smacks_hibernation_time = 300"];
    appendFileSync(join(folder, "prosody.cfg.lua"), `${lines.join("\n")}\n`);
    return;
  }
  const file = join(folder, "ejabberd.yml");
  const more = ["  mod_stream_mgmt: {resume_timeout: 300}", "  mod_ping: {}"];
  appendFileSync(file, `${more.join("\n")}\n`);
}
