/** Shells that can be completed in. */
export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** A script that makes the shell ask `mcp __complete`, which prints one candidate per line: the word, a tab, and
 * what it means. */
export function completionScript(shell: Shell): string {
  return scripts[shell].trim();
}

const bash = `
# Completion of mcp in bash.
_mcp() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") candidate
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    COMPREPLY+=("$candidate")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]]; then compopt -o nospace; fi
}
complete -o default -F _mcp mcp
`;

const zsh = `
#compdef mcp
# Completion of mcp in zsh.
_mcp() {
  local -a candidates
  local line
  while IFS= read -r line; do
    candidates+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe 'mcp' candidates
  else
    _files
  fi
}
if [[ $funcstack[1] == _mcp ]]; then
  _mcp "$@"
else
  compdef _mcp mcp
fi
`;

const fish = `
# Completion of mcp in fish.
function __mcp_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c mcp -f -a '(__mcp_complete)'
complete -c mcp -s f -l file -r -F
complete -c mcp -s c -l config -r -F
complete -c mcp -n '__fish_seen_subcommand_from import' -F
`;

const scripts: Record<Shell, string> = { bash, zsh, fish };
