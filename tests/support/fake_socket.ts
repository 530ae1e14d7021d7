/** A `WebSocket` whose life the test tells: what it has been told, and what it reports. */
export class FakeSocket extends EventTarget {
  binaryType = "blob";
  protocol = "";
  readyState = 1;
  bufferedAmount: number | undefined = 0;
  readonly sent: unknown[] = [];
  readonly closeCalls: unknown[][] = [];
  /** Codes that `close()` refuses, as clients do. */
  refusedCodes: number[] = [];

  send(data: unknown): void {
    if (this.readyState === 0) throw new DOMException("Not open", "InvalidStateError");
    this.sent.push(data);
  }

  close(code?: number, reason?: string): void {
    if (code !== undefined && this.refusedCodes.includes(code)) {
      throw new DOMException("Bad code", "InvalidAccessError");
    }
    this.closeCalls.push([code, reason]);
    this.readyState = 2;
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  receive(data: string | ArrayBuffer): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  fail(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event("error"));
  }

  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }

  /** As what {@link webSocketTransport} takes. */
  get webSocket(): WebSocket {
    return this as unknown as WebSocket;
  }
}
