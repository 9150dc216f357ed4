# NixOS module of the agent. It declares everything but the program's version: user, id ranges, directories, units.
# The program itself is at `programDirectory`, put there by deploy/scripts/install-agent.sh --root or by hand, so that
# an upgrade of MCP needs no rebuild of the system. README.md beside this file says how to use it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.mcp-agent;
  toml = pkgs.formats.toml { };
  settings = toml.generate "mcp-agent.toml" cfg.settings;
  agent = "${cfg.programDirectory}/current/bin/mcp-agent";
in
{
  options.services.mcp-agent = {
    enable = lib.mkEnableOption "the MCP agent, which runs and watches the containers of this node";

    programDirectory = lib.mkOption {
      type = lib.types.path;
      default = "/srv/mcp/program";
      description = "Directory of installed versions, with the link `current` to the one to run.";
    };

    settings = lib.mkOption {
      inherit (toml) type;
      description = "Content of mcp-agent.toml; deploy/examples/mcp-agent.toml explains every key.";
      example = {
        server.grpc_addr = "100.64.0.1:9444";
        mcias.server_url = "https://mcias.example.net:8443";
        agent.node_name = "rift";
      };
    };

    uid = lib.mkOption {
      type = lib.types.int;
      default = 850;
      description = "Number of user mcp; fixed, as the path of its runtime directory has it.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.mcp-agent.settings = {
      server.tls_cert = lib.mkDefault "/srv/mcp/certs/cert.pem";
      server.tls_key = lib.mkDefault "/srv/mcp/certs/key.pem";
      database.path = lib.mkDefault "/srv/mcp/mcp.db";
      mcias.token_path = lib.mkDefault "/srv/mcp/mcias-token";
      agent.node_name = lib.mkDefault config.networking.hostName;
    };

    virtualisation.podman.enable = true;
    # The pinned Node.js comes with the program and is linked against an ordinary Linux.
    programs.nix-ld.enable = true;

    users.groups.mcp.gid = cfg.uid;
    users.users.mcp = {
      isSystemUser = true;
      inherit (cfg) uid;
      group = "mcp";
      home = "/var/lib/mcp";
      createHome = true;
      linger = true;
      autoSubUidGidRange = true;
    };

    systemd.tmpfiles.rules = [
      "d /srv 0755 mcp mcp -"
      "d /srv/mcp 0750 mcp mcp -"
      "d /srv/mcp/certs 0750 mcp mcp -"
      "d /srv/mcp/backups 0700 mcp mcp -"
    ];

    systemd.services.mcp-agent = {
      description = "MCP agent: runs and watches the containers of this node";
      wantedBy = [ "multi-user.target" ];
      wants = [
        "network-online.target"
        "user@${toString cfg.uid}.service"
      ];
      after = [
        "network-online.target"
        "user@${toString cfg.uid}.service"
      ];
      startLimitIntervalSec = 0;
      # newuidmap and newgidmap are wrappers there; podman looks for them in the path.
      path = [
        "/run/wrappers"
        config.virtualisation.podman.package
      ];
      environment.XDG_RUNTIME_DIR = "/run/user/${toString cfg.uid}";
      # The same as deploy/systemd/mcp-agent.service; docs/hardening.md says why no more.
      serviceConfig = {
        User = "mcp";
        Group = "mcp";
        ExecStart = "${agent} server --config ${settings}";
        Restart = "on-failure";
        RestartSec = 5;
        RestartPreventExitStatus = 2;
        TimeoutStopSec = 30;
        Delegate = true;
        KillMode = "process";
        ProtectSystem = "full";
        InaccessiblePaths = "-/root -/boot";
        LimitCORE = 0;
        KeyringMode = "private";
        OOMPolicy = "continue";
      };
    };

    systemd.services.mcp-agent-backup = {
      description = "Snapshot of the MCP agent's registry";
      unitConfig.ConditionPathExists = cfg.settings.database.path;
      startAt = "daily";
      serviceConfig = {
        Type = "oneshot";
        User = "mcp";
        Group = "mcp";
        ExecStart = "${agent} snapshot --config ${settings}";
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ReadWritePaths = "/srv/mcp";
        ProtectHome = true;
        PrivateTmp = true;
        PrivateDevices = true;
        PrivateNetwork = true;
        UMask = "0077";
      };
    };
    systemd.timers.mcp-agent-backup.timerConfig = {
      RandomizedDelaySec = "1h";
      Persistent = true;
    };
  };
}
