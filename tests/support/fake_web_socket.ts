/** A `WebSocket` whose events a test raises. */
export class FakeWebSocket extends EventTarget {
  readyState = 0;
  protocol = "";
  binaryType = "blob";
  bufferedAmount = 0;
  readonly url: string;
  readonly offered: string[];
  readonly closes: unknown[][] = [];
  readonly sent: unknown[] = [];

  constructor(url: string, offered: string[] = []) {
    super();
    this.url = url;
    this.offered = offered;
  }

  /** Raises an event with these members. */
  raise(type: string, members: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), members));
  }

  open(protocol: string): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.raise("open");
  }

  /** The other side is gone. */
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.raise("close", { code, reason, wasClean: code !== 1006 });
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(...args: unknown[]): void {
    this.closes.push(args);
    if (this.readyState < 2) this.readyState = 2;
  }

  /** For where a real one is wanted. */
  get socket(): WebSocket {
    return this as unknown as WebSocket;
  }
}
