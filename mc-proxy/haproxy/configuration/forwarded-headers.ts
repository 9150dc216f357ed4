/** What the backend is told of the client. Whatever a client sends under these names is dropped, also in the
 * spellings that CGI, WSGI and PHP cannot tell from them, with `_` or `.` for `-`. */
export function forwardedHeaders(port: number): string[] {
  return [
    "http-request del-header ^(x[^a-z0-9]forwarded([^a-z0-9].*)?|x[^a-z0-9]real[^a-z0-9]ip|forwarded|proxy)$ -m reg",
    // Added and not set: what there was is gone, and need not be looked for again.
    "http-request add-header X-Forwarded-For %[var(sess.client)]",
    "http-request add-header X-Forwarded-Proto https",
    "http-request add-header X-Forwarded-Host %[req.fhdr(host)]",
    `http-request add-header X-Forwarded-Port ${port}`,
    // Quoted always: an IPv6 address has to be, and stands in brackets besides (RFC 7239, section 6).
    `http-request add-header Forwarded "for=\\"%[var(sess.for)]\\";host=\\"%[req.fhdr(host)]\\";proto=https"`,
  ];
}

/** Rules for the connection that the headers rely on. */
export function forwardedClient(): string[] {
  return [
    // `lower` makes a text of the address; otherwise each request would.
    "tcp-request session set-var(sess.client) src,lower",
    "tcp-request session set-var(sess.for) var(sess.client)",
    "acl from_ipv6 src -m sub :",
    "tcp-request session set-var(sess.for) str([),concat(,sess.client,]) if from_ipv6",
  ];
}
