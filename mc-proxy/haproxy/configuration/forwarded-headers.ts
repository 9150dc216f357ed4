/** What the backend is told of the client. Whatever a client sends under these names is dropped, also in the spelling
 * that CGI and WSGI cannot tell from them. */
export function forwardedHeaders(port: number): string[] {
  return [
    "http-request del-header ^(x[-_]forwarded[-_].*|x[-_]real[-_]ip|forwarded|proxy)$ -m reg",
    "http-request set-header X-Forwarded-For %[src]",
    "http-request set-header X-Forwarded-Proto https",
    "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    `http-request set-header X-Forwarded-Port ${port}`,
    "acl from_ipv6 src -m sub :",
    `http-request set-header Forwarded "for=%[src];host=\\"%[req.hdr(host)]\\";proto=https" if !from_ipv6`,
    `http-request set-header Forwarded "for=\\"[%[src]]\\";host=\\"%[req.hdr(host)]\\";proto=https" if from_ipv6`,
  ];
}
