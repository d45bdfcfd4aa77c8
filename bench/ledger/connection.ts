/**
 * One keep-alive HTTP/1.1 connection that sends bytes made beforehand. A full HTTP client would take a good part of the
 * cores that the server is measured on; this one reads status and length of an answer, and nothing else.
 */
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

export class HttpConnection {
  private readonly socket: Socket;
  private readonly reader = new AnswerReader();
  private waiting: { resolve(answer: HttpAnswer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.take(bytes));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server closed the connection')));
  }

  static open(host: string, port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket));
      });
    });
  }

  /** Sends one whole request, head and body, and waits for its answer. One at a time. */
  exchange(request: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed || this.waiting !== undefined) {
        reject(new Error(this.socket.destroyed ? 'the connection is closed' : 'an answer is still awaited'));
        return;
      }
      this.waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    try {
      const answer = this.reader.take(bytes);
      if (answer === undefined) return;
      const { waiting } = this;
      this.waiting = undefined;
      if (waiting === undefined) this.socket.destroy(new Error('an answer came that nobody asked for'));
      else waiting.resolve(answer);
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private fail(error: Error): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(error);
  }
}

/** Puts the answers of one connection together from the pieces they come in. */
export class AnswerReader {
  private pieces: Buffer[] = [];
  private received = 0;
  /** Known once the head is complete. */
  private expected: { readonly status: number; readonly bodyStart: number; readonly end: number } | undefined;

  /**
   * Takes the next piece; returns the answer if that completes it.
   * @throws Error for an answer without content-length, or one followed by more than was asked for.
   */
  take(piece: Buffer): HttpAnswer | undefined {
    this.pieces.push(piece);
    this.received += piece.length;
    this.expected ??= this.readHead();
    if (this.expected === undefined || this.received < this.expected.end) return undefined;
    const { status, bodyStart, end } = this.expected;
    if (this.received > end) throw new Error('more came than the answer');
    const body = this.joined().subarray(bodyStart, end);
    this.pieces = [];
    this.received = 0;
    this.expected = undefined;
    return { status, body };
  }

  private readHead(): AnswerReader['expected'] {
    const bytes = this.joined();
    const headEnd = bytes.indexOf(END_OF_HEAD);
    if (headEnd < 0) return undefined;
    const head = bytes.toString('latin1', 0, headEnd);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (status === null || length === null) throw new Error(`an answer that is not understood: ${head}`);
    const bodyStart = headEnd + END_OF_HEAD.length;
    return { status: Number(status[1]), bodyStart, end: bodyStart + Number(length[1]) };
  }

  private joined(): Buffer {
    const [first, second] = this.pieces;
    if (first !== undefined && second === undefined) return first;
    const joined = Buffer.concat(this.pieces);
    this.pieces = [joined];
    return joined;
  }
}
