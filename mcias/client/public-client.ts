/** The OAuth client identifier of the `mcp` command line, hence no account may have it. */
export const PUBLIC_CLIENT_ID = "mcp";
