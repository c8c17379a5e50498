import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { atExit, eventually } from '../chaos/support.mjs';

const LIMIT = 20_000;

/** A mail server, which keeps the links in the mails that it receives. */
export class Mailbox {
  #links = [];

  static async start() {
    const mailbox = new Mailbox();
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: async (stream, session, done) => {
        const chunks = await stream.toArray();
        // The encoding of long lines: quoted-printable.
        const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=');
        const [link] = text.match(/^https?:\S+#token=\S+/m) ?? [];
        mailbox.#links.push({ to: session.envelope.rcptTo[0].address, link });
        done();
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    atExit(() => server.close());
    mailbox.url = `smtp://127.0.0.1:${server.server.address().port}?tls=off`;
    return mailbox;
  }

  /** The path of the first link to a page in a mail to this address. */
  async path(to, page) {
    const found = await eventually(LIMIT, `a mail to ${to}`, async () =>
      this.#links.find((mail) => mail.to === to && mail.link?.includes(`/${page}#`)),
    );
    const { pathname, hash } = new URL(found.link);
    return pathname + hash;
  }
}
