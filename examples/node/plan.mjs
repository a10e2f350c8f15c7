// Plans a scenario and keeps the plan: node plan.mjs ADDRESS SCENARIO_FOLDER PLAN_FOLDER [REQUEST_ID]
// A guarded server asks for more: CONCORDAT_TLS_CA names the PEM file of its authority, CONCORDAT_TOKEN holds a token.

import { randomUUID } from "node:crypto";

import { ConcordatError, connect } from "./concordat.mjs";

// With a request id a call whose answer was lost is simply repeated. An ERP takes the number of its own document, so that
// even a program that was killed finds its plan again.
const [address, folder, out, requestId = randomUUID()] = process.argv.slice(2);
if (out === undefined) {
  console.error("give an address, the folder of a scenario and a folder for the plan, such as:\n" +
    "  node plan.mjs 127.0.0.1:50051 scenario plan");
  process.exit(2);
}

const { CONCORDAT_TLS_CA: tlsCa, CONCORDAT_TOKEN: token } = process.env;
const server = connect({ address, tlsCa, token });
try {
  const scenario = await server.upload(folder);
  const asked = await server.create({ scenario, parameters: { gap: 0.01 } }, { requestId });
  console.log(`accepted as ${asked.name}`);
  let plan = asked.plan;
  for await (const operation of server.watch(asked.name)) {
    plan = operation.plan;
    const { phase, value, bound } = operation.progress ?? {};
    if (value !== undefined) console.log(`${phase}: value ${value.toFixed(2)}, at most ${bound?.toFixed(2) ?? "?"}`);
  }
  if (plan.state !== "PLANNED") throw new Error(`no plan: ${plan.state}, ${plan.detail}`);
  console.log(`value ${plan.value.toFixed(2)}, proved to ${(100 * plan.gapChecked).toFixed(2)} %`);
  console.log((await server.download(plan.name, out)).join(" "));
} catch (error) {
  if (!(error instanceof ConcordatError)) throw error;
  console.error(error.message);
  for (const { field, description } of error.violations) console.error(`  ${field}: ${description}`);
  process.exitCode = 1;
} finally {
  server.close();
}
