// URLs of servers as they may be shown. Pure.

/** Without its password. */
export function withoutPassword(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text.replace(/\/\/[^@/]*@/, "//***@");
  url.password = "";
  return url.href;
}
