// Draws a world as SVG: the land, its regions coloured by wave, the links between them.
import { counted } from "./counted.ts";
import outlines from "./outlines.json" with { type: "json" };
import { type Arc, arcs, heightFor, type Point, project } from "./projection.ts";
import type { Region, World } from "./world.ts";

export { arcs, heightFor, project } from "./projection.ts";

/** How a world is drawn. */
export interface MapOptions {
  /** Width of the picture, in its units. Default: 1200. */
  readonly width?: number;
  readonly theme?: "light" | "dark";
  /** Title above the map. Default: the world's name and global domain. */
  readonly title?: string;
  /** Links that are down, as pairs of region names; they are drawn broken and red. */
  readonly down?: readonly (readonly [string, string])[];
  /** A second line below a region's name, such as its sessions. Default: place and number of nodes. */
  readonly note?: (region: Region) => string;
}

interface Colours {
  readonly sea: string;
  readonly land: string;
  readonly coast: string;
  readonly grid: string;
  readonly link: string;
  readonly down: string;
  readonly text: string;
  readonly faint: string;
}

const themes: Readonly<Record<"light" | "dark", Colours>> = {
  light: {
    sea: "#f4f8fb",
    land: "#dde5ea",
    coast: "#c6d1d9",
    grid: "#e6eef3",
    link: "#5b8fb9",
    down: "#d43f3a",
    text: "#1d2b36",
    faint: "#5d7081",
  },
  dark: {
    sea: "#0e1721",
    land: "#1e2c39",
    coast: "#2d4051",
    grid: "#152230",
    link: "#4d9de0",
    down: "#ff6b5e",
    text: "#eaf2f8",
    faint: "#93a8b8",
  },
};

/** Colours of the waves, the canary's first; told apart by people who see red and green alike. */
const waveColours = ["#e8a33d", "#3f8fd2", "#2f9e8f", "#8a63c9", "#c2588a", "#6b7a89"];

/** The world as one SVG document. Text is escaped; the picture refers to nothing outside itself. */
export function worldMapSvg(world: World, options: MapOptions = {}): string {
  const width = options.width ?? 1200;
  const colours = themes[options.theme ?? "light"];
  const top = width * 0.055;
  const bottom = width * 0.04;
  const height = round(heightFor(width) + top + bottom);
  const waves = [...new Set(world.regions.map((region) => region.wave))].toSorted((a, b) => a - b);
  const colourOf = (region: Region) => waveColour(waves.indexOf(region.wave));
  const title = options.title ?? `${world.name} · ${world.domains.global}`;
  const font = 'font-family="system-ui, -apple-system, Segoe UI, sans-serif"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ${font}>`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${colours.sea}"/>`,
    heading(title, summary(world), width, colours),
    `<svg y="${round(top)}" width="${width}" height="${round(heightFor(width))}">`,
    graticule(width, colours),
    land(width, colours),
    links(world, options, width, colours),
    ...labelled(world, width).map((label) => marker(label, colourOf(label.region), options, width, colours)),
    "</svg>",
    legend(world, waves, { width, y: height - bottom * 0.45 }, colours),
    "</svg>",
  ].join("\n");
}

function waveColour(index: number): string {
  return waveColours[Math.min(index, waveColours.length - 1)] ?? "#6b7a89";
}

function summary(world: World): string {
  const nodes = world.regions.reduce((sum, region) => sum + region.size.nodes.min, 0);
  const count = world.regions.length;
  const links = (count * (count - 1)) / 2;
  return [counted(count, "region"), counted(nodes, "node"), counted(links, "link")].join(", ");
}

function heading(title: string, below: string, width: number, colours: Colours): string {
  const size = width * 0.018;
  return [
    `<text x="${round(size)}" y="${round(size * 1.7)}" font-size="${round(size)}" font-weight="600" fill="${colours.text}">${escapeText(title)}</text>`,
    `<text x="${round(width - size)}" y="${round(size * 1.7)}" font-size="${round(size * 0.75)}" text-anchor="end" fill="${colours.faint}">${escapeText(below)}</text>`,
  ].join("");
}

function graticule(width: number, colours: Colours): string {
  const height = heightFor(width);
  const at = (latitude: number, longitude: number) => project({ latitude, longitude }, width);
  const vertical = [-150, -120, -90, -60, -30, 0, 30, 60, 90, 120, 150].map((longitude) => at(0, longitude).x);
  const horizontal = [-30, 0, 30, 60].map((latitude) => at(latitude, 0).y);
  const lines = [
    ...vertical.map((x) => `M${round(x)} 0V${round(height)}`),
    ...horizontal.map((y) => `M0 ${round(y)}H${width}`),
  ];
  return `<path d="${lines.join("")}" fill="none" stroke="${colours.grid}" stroke-width="1"/>`;
}

function land(width: number, colours: Colours): string {
  const rings = outlines.rings.map((ring) => {
    const points: string[] = [];
    for (let i = 0; i + 1 < ring.length; i += 2)
      points.push(pointText(project({ longitude: ring[i] ?? 0, latitude: ring[i + 1] ?? 0 }, width)));
    return `M${points.join("L")}Z`;
  });
  const style = `fill="${colours.land}" stroke="${colours.coast}" stroke-width="${round(width / 1500)}"`;
  return `<path d="${rings.join("")}" ${style} stroke-linejoin="round"/>`;
}

function links(world: World, options: MapOptions, width: number, colours: Colours): string {
  const isDown = (a: string, b: string) =>
    options.down?.some(([x, y]) => (x === a && y === b) || (x === b && y === a)) ?? false;
  return world.regions
    .flatMap((a, index) => world.regions.slice(index + 1).map((b) => ({ a, b })))
    .map(({ a, b }) => {
      const broken = isDown(a.name, b.name);
      const stroke = broken ? colours.down : colours.link;
      const dash = broken ? ` stroke-dasharray="${round(width / 200)} ${round(width / 240)}"` : "";
      const path = arcs(a.location, b.location, width).map(arcPath);
      const names = `data-link="${a.name} ${b.name}"`;
      return `<path ${names} d="${path.join("")}" fill="none" stroke="${stroke}" stroke-opacity="${broken ? 0.95 : 0.45}" stroke-width="${round(width / 800)}"${dash}/>`;
    })
    .join("\n");
}

function arcPath({ from, control, to }: Arc): string {
  return `M${pointText(from)}Q${pointText(control)} ${pointText(to)}`;
}

interface Label {
  readonly region: Region;
  readonly at: Point;
  readonly side: "right" | "left";
  /** Downward shift of the text. */
  readonly shift: number;
}

/** Puts each region's text beside its point, on the side and height where it covers no other. */
function labelled(world: World, width: number): Label[] {
  const placed: Label[] = [];
  const room = { x: width * 0.15, y: width * 0.032 };
  for (const region of world.regions) {
    const at = project(region.location, width);
    const tries = (["right", "left"] as const)
      .filter((side) => (side === "right" ? at.x + room.x < width : at.x > room.x))
      .flatMap((side) => [0, room.y, -room.y, 2 * room.y].map((shift): Label => ({ region, at, side, shift })));
    const free = tries.find((label) => placed.every((other) => !covers(label, other, room)));
    placed.push(free ?? { region, at, side: "right", shift: 0 });
  }
  return placed;
}

function covers(a: Label, b: Label, room: Point): boolean {
  const left = (label: Label) => (label.side === "right" ? label.at.x : label.at.x - room.x);
  return Math.abs(left(a) - left(b)) < room.x && Math.abs(a.at.y + a.shift - b.at.y - b.shift) < room.y;
}

function marker(label: Label, colour: string, options: MapOptions, width: number, colours: Colours): string {
  const { region, at } = label;
  const size = width / 85;
  const radius = width / 190;
  const x = round(label.side === "right" ? at.x + radius * 2 : at.x - radius * 2);
  const y = at.y + label.shift;
  const nodes = region.size.nodes.min;
  const note = options.note?.(region) ?? `${region.location.name} · ${nodes} ${nodes === 1 ? "node" : "nodes"}`;
  const halo = `paint-order="stroke" stroke="${colours.sea}" stroke-width="${round(size / 4)}" stroke-linejoin="round"`;
  const text = `x="${x}" text-anchor="${label.side === "right" ? "start" : "end"}" ${halo}`;
  return [
    `<g data-region="${region.name}">`,
    `<circle cx="${round(at.x)}" cy="${round(at.y)}" r="${round(radius * 1.9)}" fill="${colour}" fill-opacity="0.22"/>`,
    `<circle cx="${round(at.x)}" cy="${round(at.y)}" r="${round(radius)}" fill="${colour}" stroke="${colours.sea}" stroke-width="${round(radius / 3)}"/>`,
    `<text ${text} y="${round(y)}" font-size="${round(size)}" font-weight="600" fill="${colours.text}">${escapeText(region.domain)}</text>`,
    `<text ${text} y="${round(y + size * 1.05)}" font-size="${round(size * 0.8)}" fill="${colours.faint}">${escapeText(note)}</text>`,
    "</g>",
  ].join("");
}

function legend(world: World, waves: readonly number[], place: { width: number; y: number }, colours: Colours): string {
  const size = place.width / 90;
  const step = place.width / 7.5;
  const canary = world.regions.find((region) => region.name === world.rollout.canary);
  return waves
    .map((wave, index) => {
      const x = size * 1.5 + index * step;
      const text = canary?.wave === wave ? `wave ${wave}, canary` : `wave ${wave}`;
      return [
        `<circle cx="${round(x)}" cy="${round(place.y)}" r="${round(size / 2.2)}" fill="${waveColour(index)}"/>`,
        `<text x="${round(x + size)}" y="${round(place.y + size / 3)}" font-size="${round(size)}" fill="${colours.faint}">${text}</text>`,
      ].join("");
    })
    .join("");
}

const round = (value: number) => Math.round(value * 10) / 10;
const pointText = ({ x, y }: Point) => `${round(x)} ${round(y)}`;

function escapeText(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
