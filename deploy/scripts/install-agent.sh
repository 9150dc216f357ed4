#!/usr/bin/env bash
# Installs the agent, or another service, on this machine, or brings it up to date. Run it again at any time: it changes
# what differs. Never touches a configuration, certificate or token that is there. Needs a checkout with its packages
# (scripts/setup npm), root, and for the agent podman (on Debian it is installed).
#
#   deploy/scripts/install-agent.sh                 installs and, where systemd runs, enables and starts
#   deploy/scripts/install-agent.sh --check         changes nothing; says what is missing; exit code 1 if anything is
#   deploy/scripts/install-agent.sh --use VERSION   goes (back) to an installed version; without one: lists them
#   deploy/scripts/install-agent.sh --uninstall     removes program and units; leaves data, containers and the user
#
#   --service NAME  another service than mcp-agent: mcias, metacrypt, mcns, mc-proxy or mcr
#   --root DIR      writes below DIR, and makes no user and starts nothing (for packages and images)
#   --prefix DIR    for the program; default: /usr/local. The units expect /usr/local
set -euo pipefail
# Programs and units are for everybody to read, whatever root's umask is.
umask 022

readonly programs=(mcp mcp-agent mcias metacrypt mcns mc-proxy mcproxyctl mcr)

main() {
  action=install name=mcp-agent root="" prefix=/usr/local version="" changed=""
  while (($#)); do
    case $1 in
      --check) action=check ;;
      --uninstall) action=uninstall ;;
      --use)
        action=use version=${2:-}
        if [[ $version ]]; then shift; fi
        ;;
      --service) name=${2:?--service needs a name} && shift ;;
      --root) root=${2:?--root needs a directory} && shift ;;
      --prefix) prefix=${2:?--prefix needs a directory} && shift ;;
      -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0" && return ;;
      *) fail "unknown argument $1 (see --help)" ;;
    esac
    shift
  done
  if [[ $root ]]; then root=$(realpath -m "$root"); fi
  root=${root%/} library=$root$prefix/lib/metacircular missing=0
  know_service
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  [[ $action = check || $root ]] || ((EUID == 0)) || fail "needs root"
  "$action"
}

# Who runs the service, where its data is, and what only the operator can give.
know_service() {
  user=$name data=$root/srv/$name home=/srv/$name has_certificate=yes has_token=yes
  case $name in
    mcp-agent) user=mcp data=$root/srv/mcp home=/var/lib/mcp ;;
    # As the agent, which asks for its routes.
    mc-proxy) user=mcp home=/var/lib/mcp has_certificate="" has_token="" ;;
    mcias) has_token="" ;;
    metacrypt | mcns | mcr) ;;
    *) fail "there is no service $name (see --help)" ;;
  esac
}

say() { printf 'install-agent: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 2
}

# Something that is needed and that only the operator can give.
need() {
  missing=1
  say "missing: $*"
}

runs_systemd() { [[ -z $root && -d /run/systemd/system ]]; }

install() {
  [[ $root ]] || prepare_user
  install_program
  local program
  for program in "${programs[@]}"; do
    link "$prefix/lib/metacircular/current/bin/$program" "$root$prefix/bin/$program"
  done
  prepare_data
  install_units
  check_operators_part
  [[ -z $root ]] || return 0
  start_units
}

prepare_user() {
  if ! id "$user" >/dev/null 2>&1; then
    useradd --system --user-group --home-dir "$home" --shell /usr/sbin/nologin "$user"
    say "made user $user"
  fi
  # Below /srv, which may be the agent's, user mcp may have put a link in its place: see prepare_data.
  [[ $home = "$data" ]] || command install -d -m 0750 -o "$user" -g "$user" "$home"
  [[ $name = mcp-agent ]] || return 0
  scripts/setup-podman --user "$user"
  # The user's manager, and with it the runtime directory, is there from boot on.
  if runs_systemd && [[ $(loginctl show-user "$user" --property=Linger --value 2>/dev/null) != yes ]]; then
    loginctl enable-linger "$user"
    say "let $user linger, so that its containers need no login"
  fi
  # Podman might choose vfs for a new store, which copies a whole image for each container.
  if [[ ! -e $home/.local/share/containers/storage && ! -e $home/.config/containers/storage.conf ]]; then
    runuser -u "$user" -- mkdir -p "$home/.config/containers"
    printf '[storage]\ndriver = "overlay"\n' | runuser -u "$user" -- tee "$home/.config/containers/storage.conf" >/dev/null
    say "wrote $home/.config/containers/storage.conf"
  fi
}

# A directory for each version and one link to the current one, so that going forth or back is one rename.
install_program() {
  local list name_of_version directory
  [[ -x node_modules/.bin/node ]] || fail "this checkout has no packages yet; run: scripts/setup npm"
  list=$(node_modules/.bin/node scripts/program-files.ts)
  name_of_version=$(sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)-$(fingerprint "$list")
  directory=$library/$name_of_version
  if [[ ! -d $directory ]]; then
    rm -rf "$library"/.new.*
    mkdir -p "$library/.new.$$"
    tar --create --owner=0 --group=0 --mode=u=rwX,go=rX --verbatim-files-from --files-from=- <<<"$list" |
      tar --extract --same-permissions --directory "$library/.new.$$"
    mv -T "$library/.new.$$" "$directory"
    say "installed $directory"
  fi
  point_at "$name_of_version"
  forget_old_versions
}

fingerprint() {
  # Packages are in it by their lock file.
  grep -v '^node_modules/' <<<"$1" | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c1-12
}

point_at() {
  local current
  current=$(readlink "$library/current" || true)
  [[ $current != "$1" ]] || return 0
  ln -s "$1" "$library/.current.$$"
  mv -T "$library/.current.$$" "$library/current"
  say "$library/current is now $1${current:+, before it was $current}"
  changed=yes
}

# The current one, the one before it, and any that is still running.
forget_old_versions() {
  local directory kept=0 running
  running=$(readlink /proc/[0-9]*/exe 2>/dev/null || true)
  while read -r directory; do
    [[ $(basename "$directory") != "$(readlink "$library/current")" ]] || continue
    if ((kept++ < 1)) || [[ $running = *"$directory/"* ]]; then continue; fi
    rm -rf "$directory"
    say "removed $directory"
  done < <(ls -dt "$library"/[0-9]*)
}

link() {
  [[ $(readlink "$2" || true) != "$1" ]] || return 0
  mkdir -p "$(dirname "$2")"
  [[ -L $2 || ! -e $2 ]] || fail "$2 is there and not a link; remove it"
  ln -sfn "$1" "$2"
}

# What lies in the user's own directories is written as that user: root would follow a link that the user has put there.
as_user() { if [[ $root ]]; then "$@"; else runuser -u "$user" -- "$@"; fi; }

prepare_data() {
  local directory
  mkdir -p "$root/srv"
  # The agent makes a directory in /srv for each service.
  if [[ $name = mcp-agent && -z $root ]] && ! runuser -u mcp -- test -w /srv; then
    if [[ -z $(ls -A /srv) || $(stat -c %u /srv) = 0 ]]; then
      chown mcp:mcp /srv
      say "gave /srv itself to mcp (what is in it keeps its owners)"
    else
      need "user mcp must be able to make directories in /srv: chown mcp:mcp /srv"
    fi
  fi
  if [[ ! -d $data ]]; then
    mkdir "$data"
    [[ $root ]] || chown --no-dereference "$user:$user" "$data"
    as_user chmod 0750 "$data"
    say "made $data"
  fi
  as_user test -w "$data" || fail "user $user must be able to write in $data: chown $user:$user $data"
  for directory in "$data/certs" "$data/backups"; do
    [[ -d $directory ]] && continue
    as_user mkdir -m 0750 "$directory"
    say "made $directory"
  done
  local config=$data/$name.toml node
  node=$(uname -n)
  if [[ ! -e $config ]]; then
    sed "s/^node_name = .*/node_name = \"${node%%.*}\"/" "deploy/examples/$name.toml" | as_user tee "$config.new" >/dev/null
    as_user chmod 0640 "$config.new"
    as_user mv -T "$config.new" "$config"
    say "wrote $config from the example; read it and set the addresses"
  fi
}

units() { (cd deploy/systemd && ls "$name".service "$name"-backup.service "$name"-backup.timer); }

install_units() {
  local directory=$root/etc/systemd/system unit id
  mkdir -p "$directory"
  for unit in $(units); do
    place "$(<"deploy/systemd/$unit")" "$directory/$unit"
  done
  [[ $name = mcp-agent && -z $root ]] || return 0
  id=$(id -u mcp)
  mkdir -p "$directory/$name.service.d"
  place "# Written by install-agent.sh: where podman of user mcp has its runtime directory.
[Unit]
Wants=user@$id.service
After=user@$id.service
[Service]
Environment=XDG_RUNTIME_DIR=/run/user/$id" "$directory/$name.service.d/user.conf"
}

place() {
  [[ ! -f $2 || $(<"$2") != "$1" ]] || return 0
  printf '%s\n' "$1" >"$2.new"
  mv -T "$2.new" "$2"
  say "wrote $2"
  changed=yes
}

check_operators_part() {
  local file
  if [[ $name = mc-proxy && -z $root ]] && ! command -v haproxy >/dev/null; then
    need "the program haproxy, 2.4 or newer: apt-get install haproxy"
  fi
  for file in "$data/certs/cert.pem" "$data/certs/key.pem"; do
    [[ -z $has_certificate || -s $file ]] ||
      need "$file: a TLS certificate for this machine's name, and its key, from your certificate authority"
  done
  if [[ $has_token && ! -s $data/mcias-token ]]; then
    need "$data/mcias-token: on the machine of the identity service run
      mcias account add $name --system    (once)
      mcias token issue --system $name
    and put the token there: owner $user, mode 0600"
  fi
  for file in "$data/certs/key.pem" "$data/mcias-token"; do
    [[ ! -e $file || $(stat -c %a "$file") = [46]00 ]] || need "chmod 600 $file: others may read it"
    [[ ! -e $file || $root || $(stat -c %U "$file") = "$user" ]] || need "chown $user:$user $file: the service cannot read it"
  done
}

start_units() {
  if ! runs_systemd; then
    say "there is no systemd here: start it yourself as user $user: $name server --config $data/$name.toml"
    return
  fi
  systemctl daemon-reload
  systemctl enable --quiet "$name.service" "$name-backup.timer"
  if ((missing)); then
    say "not started yet; give it what is missing and run this again"
    return
  fi
  systemctl start "$name-backup.timer"
  if ! systemctl is-active --quiet "$name"; then
    systemctl start "$name"
  elif [[ $changed ]] || runs_other_version; then
    systemctl restart "$name"
    say "restarted $name"
  fi
  say "$name is $(systemctl is-active "$name" || true)"
}

# The other service may have brought the program up to date, or there was something missing then.
runs_other_version() {
  local program
  program=$(readlink "/proc/$(systemctl show --property=MainPID --value "$name")/exe" || true)
  [[ $program != "$(readlink -f "$library/current")/"* ]]
}

check() {
  local file
  [[ $root ]] || ((EUID == 0)) || say "not root: what only root and $user may see counts as missing"
  [[ $root ]] || id "$user" >/dev/null 2>&1 || need "user $user"
  if [[ $name = mcp-agent && -z $root ]]; then
    for file in /etc/subuid /etc/subgid; do grep -qs "^mcp:" "$file" || need "a range of ids for mcp in $file"; done
    for file in podman newuidmap; do command -v "$file" >/dev/null || need "the program $file"; done
  fi
  [[ -x $library/current/bin/$name ]] || need "the program in $library/current"
  [[ -e $data/$name.toml ]] || need "$data/$name.toml"
  for file in $(units); do
    cmp -s "deploy/systemd/$file" "$root/etc/systemd/system/$file" || need "$root/etc/systemd/system/$file as it is here"
  done
  check_operators_part
  ((missing)) || say "nothing is missing"
  return "$missing"
}

use() {
  if [[ -z $version ]]; then
    (cd "$library" && ls -dt [0-9]*)
    return
  fi
  [[ -x $library/$version/bin/$name ]] || fail "there is no $library/$version; there are: $(cd "$library" && echo [0-9]*)"
  point_at "$version"
  if runs_systemd && systemctl is-active --quiet "$name"; then systemctl restart "$name"; fi
}

uninstall() {
  local unit program other
  if runs_systemd; then systemctl disable --quiet --now "$name.service" "$name-backup.timer" 2>/dev/null || true; fi
  for unit in $(units); do rm -f "$root/etc/systemd/system/$unit"; done
  rm -rf "$root/etc/systemd/system/$name.service.d/user.conf"
  rmdir "$root/etc/systemd/system/$name.service.d" 2>/dev/null || true
  if runs_systemd; then systemctl daemon-reload; fi
  # The other services may use the same program.
  for program in "${programs[@]}"; do [[ ! -e $root/etc/systemd/system/$program.service ]] || other=yes; done
  if [[ -z ${other:-} ]]; then
    for program in "${programs[@]}"; do
      [[ ! -L $root$prefix/bin/$program ]] || rm "$root$prefix/bin/$program"
    done
    rm -rf "$library"
  fi
  say "removed; $data, user $user and its home $home are left, with all containers"
}

main "$@"
