/**
 * One parameter that a client wants to set or delete: rules, validators, and then the value, all or nothing.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import type { Parameter } from "../protocol/messages.ts";
import { parameterData } from "../protocol/parameter_data.ts";
import { within } from "../util/async.ts";
import { failureText, isPromiseLike } from "./failures.ts";
import { bytesOf, fitted, type ParameterEntry, type ParameterTable, typed } from "./parameter_table.ts";
import type { ParameterHost } from "./parameter_requests.ts";
import type { ParameterRequest, ParameterValidator } from "./parameters.ts";
import type { Session } from "./session.ts";

/** Why a change is refused; `undefined` lets it pass. */
type Verdict = string | undefined;

/** Applies what clients ask for, or tells them why not. */
export class ParameterWriter {
  readonly #host: ParameterHost;
  readonly #table: ParameterTable<ParameterValidator>;

  constructor(host: ParameterHost) {
    this.#host = host;
    this.#table = host.table;
  }

  /**
   * Sets a parameter, or deletes it when there is no value.
   *
   * @param left Aborts when the client leaves.
   * @returns Whether it was done; a promise where a validator is async.
   */
  write(session: Session, wanted: Parameter, left: AbortSignal): boolean | Promise<boolean> {
    if (left.aborted) return false;
    // Before anything else: no answer may tell whether a hidden parameter exists.
    if (!maySet(session, wanted.name)) return this.#refuse(session, wanted, "it is not permitted");
    const entry = this.#table.entry(wanted.name);
    // Deleting what does not exist is done already.
    if (wanted.value === undefined && !entry?.live) return false;
    const parameter = this.#allowed(wanted, entry);
    if (typeof parameter === "string") return this.#refuse(session, wanted, parameter);
    const verdict = this.#ask(validatorsOf(this.#host.options.validate, wanted, entry), {
      name: wanted.name,
      value: parameterData(parameter),
      previous: entry?.live ? parameterData(entry.parameter) : undefined,
      client: session,
      signal: left,
    });
    const conclude = (verdict: Verdict) => this.#conclude(session, { wanted, entry, verdict });
    if (!(verdict instanceof Promise)) return conclude(verdict);
    return verdict.then((verdict) => left.aborted ? false : conclude(verdict));
  }

  /** The parameter as it would be, or why it cannot be. */
  #allowed(wanted: Parameter, entry: ParameterEntry<ParameterValidator> | undefined): Parameter | string {
    if (entry?.readOnly) return "it is read-only";
    if (wanted.value === undefined) return wanted;
    const parameter = entry === undefined ? this.#created(wanted) : fitted(wanted, entry.parameter);
    if (typeof parameter === "string") return parameter;
    const limit = this.#host.limits.clientParameterBytes;
    const bytes = this.#table.clientBytes - (entry?.clientBytes ?? 0) + bytesOf(parameter);
    return bytes > limit ? `too many bytes of values, the limit is ${limit}` : parameter;
  }

  #created(wanted: Parameter): Parameter | string {
    const { options, limits } = this.#host;
    if (options.clientsCreate === false) return "clients cannot create parameters";
    if (this.#table.ofClients < limits.clientParameters) return typed(wanted);
    return `too many parameters, the limit is ${limits.clientParameters}`;
  }

  #conclude(
    session: Session,
    request: { wanted: Parameter; entry: ParameterEntry<ParameterValidator> | undefined; verdict: Verdict },
  ): boolean {
    const { wanted, entry, verdict } = request;
    if (verdict !== undefined) return this.#refuse(session, wanted, verdict);
    // A validator may have taken its time, or have set parameters itself.
    if (this.#table.entry(wanted.name) !== entry) return this.#refuse(session, wanted, "it has changed meanwhile");
    const parameter = this.#allowed(wanted, entry);
    if (typeof parameter === "string") return this.#refuse(session, wanted, parameter);
    const change = this.#apply(parameter, entry);
    if (change !== undefined) this.#host.changed(change, session);
    return true;
  }

  #apply(parameter: Parameter, entry: ParameterEntry<ParameterValidator> | undefined) {
    if (entry === undefined) {
      return this.#table.declare(parameter, { own: false, readOnly: false, validate: undefined });
    }
    return parameter.value === undefined ? this.#table.remove(entry) : this.#table.put(entry, parameter, "client");
  }

  #refuse(session: Session, { name }: Parameter, reason: string): false {
    session.status("error", `Parameter ${name} was not set: ${reason}`);
    return false;
  }

  /** Asks one validator after the other until one refuses. */
  #ask(validators: readonly ParameterValidator[], request: ParameterRequest): Verdict | Promise<Verdict> {
    for (const [i, validator] of validators.entries()) {
      const verdict = this.#verdict(validator, request);
      if (verdict instanceof Promise) {
        return verdict.then((verdict) => verdict ?? this.#ask(validators.slice(i + 1), request));
      }
      if (verdict !== undefined) return verdict;
    }
  }

  #verdict(validator: ParameterValidator, request: ParameterRequest): Verdict | Promise<Verdict> {
    const { clock, limits } = this.#host;
    const { name, signal } = request;
    const failed = (error: unknown) => this.#failed(error, request);
    try {
      const verdict: unknown = validator(request);
      if (!isPromiseLike(verdict)) return verdictOf(verdict);
      const what = `verdict on parameter "${name}"`;
      return within(Promise.resolve(verdict), what, { signal, clock, timeoutMs: limits.parameterMs })
        .then(verdictOf).catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  #failed(error: unknown, { name, signal }: ParameterRequest): Verdict {
    if (!signal.aborted) this.#host.events.emit("error", { error, during: `validator of parameter "${name}"` });
    return failureText(error);
  }
}

/**
 * What a validator has said; one that says `true` may mean either.
 *
 * @throws {TypeError} when it is neither a reason nor nothing: it has then not said yes.
 */
function verdictOf(verdict: unknown): Verdict {
  if (verdict === undefined || verdict === null) return undefined;
  if (typeof verdict === "string" || verdict instanceof Error) return failureText(verdict);
  throw new TypeError(`A validator returns a text or nothing, not ${describe(verdict)}`);
}

function validatorsOf(
  ofAll: ParameterValidator | undefined,
  { value }: Parameter,
  entry: ParameterEntry<ParameterValidator> | undefined,
): ParameterValidator[] {
  const own = value === undefined ? undefined : entry?.validate;
  return [ofAll, own].filter((validator) => validator !== undefined);
}

function maySet(session: Session, name: string): boolean {
  return session.host.allows(session, "get", name) && session.host.allows(session, "set", name);
}
