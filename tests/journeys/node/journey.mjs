// What a Node.js program of a customer does, step by step; the last line tells as JSON what it saw.

import { setTimeout as sleep } from "node:timers/promises";

import { ConcordatError, connect } from "./concordat.mjs";

const [journey, address, ...rest] = process.argv.slice(2);
const { CONCORDAT_TLS_CA: tlsCa, CONCORDAT_TOKEN: token } = process.env;
const server = connect({ address, tlsCa, token });

/** Plan, watch to the end, accept, ask what binds it and for one more order, and keep the folder. */
async function plans(folder, out, order) {
  const scenario = await server.upload(folder);
  const parameters = { gap: 0.01, timeLimit: { seconds: 120 }, seed: 3 };
  const request = { scenario, parameters };
  const asked = await server.create(request, { requestId: "node-1" });
  const again = await server.create(request, { requestId: "node-1" });
  const steps = [];
  for await (const operation of server.watch(asked.name)) steps.push(operation);
  const { plan } = steps.at(-1);
  const { name } = plan;
  const accepted = await server.accept({ name, etag: plan.etag, acceptedBy: token ? "" : "node" });
  const explained = await server.explain({ name });
  const quoted = await server.quote({ plan: name, order: JSON.parse(order) });
  const files = await server.download(name, out);
  const listed = (await server.plans({ pageSize: 10 })).plans.map((each) => each.name);
  return {
    same: asked.name === again.name, phases: steps.map((step) => step.progress?.phase ?? ""), plan, accepted, explained,
    quoted, files, listed,
  };
}

/** Cancel as soon as there is a plan, and watch on until it has ended. */
async function cancels(folder) {
  const scenario = await server.upload(folder);
  const { name } = await server.create({ scenario });
  let cancelled;
  let last;
  for await (last of server.watch(name)) {
    if (last.progress?.value !== undefined && !cancelled) cancelled = await server.cancel(name);
  }
  return { cancelRequested: cancelled.plan.cancelRequested, done: last.done, plan: last.plan };
}

/** Ask for what is refused, in several ways, and tell what each refusal carried. */
async function errs(wrong, nowhere) {
  const scenario = await server.upload(wrong);
  const tries = {
    unknown: () => server.operation("operations/none"),
    range: () => server.plans({ pageSize: -1 }),
    findings: () => server.create({ scenario }),
    conflict: async () => {
      await server.create({ scenario: "scenarios/none", validateOnly: true }, { requestId: "r" });
    },
    gone: () => connect({ address: nowhere, attempts: 2 }).plans(),
  };
  const told = {};
  for (const [name, ask] of Object.entries(tries)) told[name] = await refusal(ask);
  return told;
}

/** Ask once without patience for one call too many, then with patience. */
async function waits() {
  const impatient = connect({ address, token, attempts: 1 });
  let busy = null;
  while (busy === null) busy = await refusal(() => impatient.plans());
  impatient.close();
  const began = Date.now();
  const { plans: listed } = await server.plans();
  return { busy, listed: listed.length, waitedSeconds: (Date.now() - began) / 1000 };
}

/** Ask under one request id, again and again as long as it takes, and watch to the end. */
async function survives(folder, requestId) {
  const patient = connect({ address, attempts: 60, seconds: 60 });
  const scenario = await patient.upload(folder);
  const { name } = await patient.create({ scenario }, { requestId });
  console.log(name);
  for (let lost = 0; ; lost += 1) {
    try {
      let last;
      for await (last of patient.watch(name));
      if (last?.done) return { name, lost, plan: last.plan };
    } catch (error) {
      if (error.code !== "UNAVAILABLE" && error.code !== "CANCELLED") throw error;
    }
    await sleep(200);
  }
}

async function refusal(ask) {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof ConcordatError)) throw error;
    const { code, reason, metadata, retrySeconds, violations, message } = error;
    return { code, reason, metadata, retrySeconds, violations, message };
  }
  return null;
}

const told = await { plans, cancels, errs, waits, survives }[journey](...rest);
console.log(JSON.stringify(told));
process.exit();
