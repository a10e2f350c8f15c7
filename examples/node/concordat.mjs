// A client of a Concordat server for Node.js, made at run time from the server's proto files.
//
//   const server = connect({ address: "127.0.0.1:50051" });
//   const scenario = await server.upload("scenario");
//   const { name } = await server.create({ scenario, parameters: { gap: 0.01 } }, { requestId: "monday" });
//   for await (const operation of server.watch(name)) console.log(operation.progress);
//   server.close();
//
// Messages are plain objects with the fields of the proto files in camelCase, enumerations are their names, 64-bit
// integers are strings. Every call throws a `ConcordatError` where the server refuses or does not answer.

import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { once } from "node:events";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PROTO = process.env.CONCORDAT_PROTO ?? join(HERE, "..", "..", "proto");
const PART_BYTES = 1 << 20;
const SCENARIO_FILE = /\.(csv|json|parquet)$/;
const NAMES = Object.fromEntries(Object.entries(grpc.status).filter(([, code]) => typeof code === "number")
  .map(([name, code]) => [code, name]));

/** What a server refused, and why. */
export class ConcordatError extends Error {
  /**
   * `code` is the name of the gRPC status, `reason` the server's stable word for it (empty if it sent none), `metadata`
   * belongs to the reason, `retrySeconds` says when to come back (undefined: do not), `violations` are fields of the
   * request with what is wrong about them.
   */
  constructor(failure) {
    super(`${NAMES[failure.code] ?? failure.code}: ${failure.details ?? failure.message}`, { cause: failure });
    this.name = "ConcordatError";
    this.code = NAMES[failure.code] ?? String(failure.code);
    Object.assign(this, { reason: "", metadata: {}, retrySeconds: undefined, violations: [] }, detailsOf(failure));
  }
}

/**
 * Return a client of one server.
 *
 * `tlsCa` is the PEM file of the authority that signed the server's certificate, without it the connection is plain;
 * `token` goes with every call; a call that may be repeated is sent up to `attempts` times in all, within `seconds`.
 */
export function connect({ address, tlsCa, token, attempts = 4, seconds = 60 }) {
  const credentials = tlsCa ? grpc.credentials.createSsl(readFileSync(tlsCa)) : grpc.credentials.createInsecure();
  const { PlanningService } = grpc.loadPackageDefinition(CONTRACT).concordat.planning.v1;
  return new Client(new PlanningService(address, credentials), { token, attempts, seconds });
}

class Client {
  #stub;
  #settings;

  constructor(stub, settings) {
    this.#stub = stub;
    this.#settings = settings;
  }

  /** Store the scenario of a folder; return its name. Uploading the same content again changes nothing. */
  async upload(folder) {
    const stored = await this.#repeated(() => this.#uploadOnce(folder));
    return stored.name;
  }

  /**
   * Ask for a plan; `request` is a `CreatePlanRequest`. With a request id the call may be repeated: the same id with the
   * same content is the same operation. Without one it is sent once.
   */
  create(request, { requestId = "" } = {}) {
    return this.#unary("createPlan", { ...request, requestId }, requestId !== "");
  }

  /** Follow an operation to its end. Leaving the loop leaves the plan alone. */
  async *watch(name) {
    const call = this.#stub.watchPlan({ name }, this.#metadata());
    try {
      yield* received(call);
    } finally {
      call.cancel();
    }
  }

  operation(name) {
    return this.#unary("getOperation", { name });
  }

  /** Stop a plan soon and keep the best plan so far. */
  cancel(name) {
    return this.#unary("cancelPlan", { name });
  }

  plans(request = {}) {
    return this.#unary("listPlans", request);
  }

  findings(request) {
    return this.#unary("listFindings", request);
  }

  /** Take a plan as the one to be executed; accepting the same again changes nothing. */
  accept(request) {
    return this.#unary("acceptPlan", request);
  }

  explain(request) {
    return this.#unary("explainPlan", request);
  }

  quote(request) {
    return this.#unary("quoteOrder", request);
  }

  /** Put the files of a finished plan into a folder; return their names. */
  async download(name, folder) {
    await mkdir(folder, { recursive: true });
    const call = this.#stub.downloadPlan({ name }, this.#metadata(), this.#deadline());
    const files = new Map();
    try {
      for await (const { file, data } of received(call)) {
        if (basename(file) !== file) throw new Error(`the server names a file outside of the folder: ${file}`);
        if (!files.has(file)) files.set(file, createWriteStream(join(folder, file)));
        if (!files.get(file).write(data)) await once(files.get(file), "drain");
      }
    } finally {
      call.cancel();
      await Promise.all([...files.values()].map((stream) => once(stream.end(), "close")));
    }
    return [...files.keys()];
  }

  close() {
    this.#stub.close();
  }

  #metadata() {
    const metadata = new grpc.Metadata();
    if (this.#settings.token) metadata.set("authorization", `Bearer ${this.#settings.token}`);
    return metadata;
  }

  #deadline() {
    return { deadline: Date.now() + 1000 * this.#settings.seconds };
  }

  #unary(method, request, repeatable = true) {
    const once = (deadline) => new Promise((resolve, reject) => {
      this.#stub[method](request, this.#metadata(), { deadline }, (failure, answer) =>
        failure ? reject(new ConcordatError(failure)) : resolve(answer));
    });
    return this.#repeated(once, repeatable);
  }

  async #repeated(send, repeatable = true) {
    const { deadline } = this.#deadline();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send(deadline);
      } catch (error) {
        const wait = 1000 * Math.max(error.retrySeconds ?? 0, 0.25 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
        const invited = error.code === "UNAVAILABLE" || error.retrySeconds !== undefined;
        if (!repeatable || !invited || attempt >= this.#settings.attempts || Date.now() + wait >= deadline) throw error;
        await sleep(wait);
      }
    }
  }

  async #uploadOnce(folder) {
    const files = (await readdir(folder)).filter((file) => SCENARIO_FILE.test(file)).sort();
    let call;
    const stored = new Promise((resolve, reject) => {
      call = this.#stub.uploadScenario(this.#metadata(), this.#deadline(), (failure, answer) =>
        failure ? reject(new ConcordatError(failure)) : resolve(answer));
    });
    const sent = sendFiles(call, folder, files).catch((error) => {
      call.cancel();
      throw error;
    });
    // A server that refuses the first part reads no other: then nobody drains what was written.
    await Promise.race([stored, sent]);
    return stored;
  }
}

async function sendFiles(call, folder, files) {
  for (const file of files) {
    call.write({ file, data: Buffer.alloc(0) }); // an empty file is a file too
    for await (const data of createReadStream(join(folder, file), { highWaterMark: PART_BYTES })) {
      if (!call.write({ file, data })) await once(call, "drain");
    }
  }
  call.end();
}

async function* received(call) {
  try {
    yield* call;
  } catch (failure) {
    throw failure.code === undefined ? failure : new ConcordatError(failure);
  }
}

/** Return what the trailer of a refused call tells: google.rpc.ErrorInfo, RetryInfo and BadRequest. */
function detailsOf(failure) {
  const [packed] = failure.metadata?.get("grpc-status-details-bin") ?? [];
  const told = {};
  if (packed === undefined) return told;
  for (const detail of CONTRACT["google.rpc.Status"].deserialize(packed).details) {
    const kind = detail.type_url.split("/").pop();
    if (!(kind in CONTRACT)) continue; // a later server may say more
    const message = CONTRACT[kind].deserialize(detail.value);
    if (kind === "google.rpc.ErrorInfo") Object.assign(told, { reason: message.reason, metadata: message.metadata });
    if (kind === "google.rpc.RetryInfo") {
      told.retrySeconds = Number(message.retryDelay.seconds) + message.retryDelay.nanos / 1e9;
    }
    if (kind === "google.rpc.BadRequest") told.violations = message.fieldViolations;
  }
  return told;
}

const CONTRACT = loader.loadSync(["planner/wire/v1/planning_service.proto", "google_rpc.proto"], {
  includeDirs: [PROTO, HERE],
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
