import SandboxCore
import SystemPackage

/// What differs between the engines that speak this API; everything else is one implementation.
struct EngineDialect: Sendable {
    /// Who a container's process is when the engine itself runs without root.
    enum RootlessUser: Sendable {
        /// The same number inside as outside, by this user namespace mode.
        case kept(namespace: String)
        /// Root inside is the engine's user outside.
        case rootInside
    }

    /// How the engine is told which of the host's files a container shall not see.
    enum Masking: Sendable {
        /// A list that replaces the engine's own.
        case list
        /// A security option, on top of the engine's own list.
        case option
    }

    var id: BackendID
    var name: String
    var summary: String
    /// Environment variables with the engine's address, the first that is set wins.
    var addressVariables: [String]
    /// Whether `docker context` can name the engine.
    var hasContexts: Bool
    /// Below the root and below the user's runtime directory.
    var systemSockets: [FilePath]
    var runtimeSockets: [FilePath]
    /// Network modes for "whatever the host can reach".
    var openNetwork: String
    var openNetworkRootless: String
    var rootlessUser: RootlessUser
    var masking: Masking
    /// Whether the API has a way to give GPUs; an engine that ignores the request would not say so.
    var givesGPUs: Bool
    /// How often it is asked what its store takes: one that gives up when a container goes away meanwhile is asked again.
    var countingAttempts = 1
    /// The command that serves the API on a socket, its address appended, for where only the command is installed.
    var service: [String] = []
    /// Whether sandboxes may be let to the engine itself or to engines of their own, by explicit settings.
    var hasHatches = false
    var install: String
    var start: String

    static let docker = EngineDialect(
        id: BackendID(unchecked: "docker"), name: "Docker", summary: "Containers of a Docker engine, by its API.",
        addressVariables: ["DOCKER_HOST"], hasContexts: true, systemSockets: ["/var/run/docker.sock"], runtimeSockets: ["docker.sock"],
        openNetwork: "bridge", openNetworkRootless: "bridge", rootlessUser: .rootInside, masking: .list, givesGPUs: true,
        install: "install it: apt-get install docker.io", start: "start it: systemctl start docker")

    static let podman = EngineDialect(
        id: BackendID(unchecked: "podman"), name: "Podman", summary: "Containers of a Podman service, by its API.",
        addressVariables: ["CONTAINER_HOST", "PODMAN_HOST"], hasContexts: false, systemSockets: ["/run/podman/podman.sock"],
        runtimeSockets: ["podman/podman.sock"], openNetwork: "bridge", openNetworkRootless: "slirp4netns",
        rootlessUser: .kept(namespace: "keep-id"), masking: .option, givesGPUs: false, countingAttempts: 4,
        service: ["podman", "system", "service", "--time=0"], hasHatches: true, install: "install it: apt-get install podman",
        start: "start its service: systemctl start podman.socket (or, as an ordinary user, systemctl --user start podman.socket)")
}
