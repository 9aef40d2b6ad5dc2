// What a trace may log: passwords are withheld, everything else stays.
import { expect, test } from "@jest/globals";
import { withoutPasswords } from "./trace.ts";

test.each([
  ["<password>secret</password>", "<password>withheld</password>"],
  [
    "<password xmlns='jabber:iq:register'>secret</password>",
    "<password xmlns='jabber:iq:register'>withheld</password>",
  ],
  ["<field var='password'><value>secret</value></field>", "<field var='password'>withheld</field>"],
  [
    '<field type="text-private" var="password-verify"><value>secret</value></field><field var="x"><value>y</value></field>',
    '<field type="text-private" var="password-verify">withheld</field><field var="x"><value>y</value></field>',
  ],
  ["<body>my password is short</body>", "<body>my password is short</body>"],
  ["<passwords>many</passwords>", "<passwords>many</passwords>"],
])("%s", (xml, logged) => {
  expect(withoutPasswords(xml)).toBe(logged);
});
