import SandboxCore
import SystemPackage

/// Where the guest of one sandbox is, and how it is started and reached there.
struct GuestPlace: Sendable {
    let sandbox: SandboxID
    /// Its directory, which only its user can read.
    let folder: FilePath
    let digest: String
    let workspace: FilePath

    /// Exit status of the preparation when the file is not what was sent.
    static let isDamaged: Int32 = 41
    /// A relay ends when this side was silent for so long; the channel's pings come much more often.
    static let patience = Duration.seconds(180)

    /// Named by its content: what is there under the name is either this or a piece of it, and the preparation tells which.
    var executable: FilePath { folder.appending("guest-\(digest)") }

    init(sandbox: SandboxID, folder: FilePath, digest: String, workspace: FilePath) {
        self.sandbox = sandbox
        self.folder = folder
        self.digest = digest
        self.workspace = workspace
    }

    /// As a reference remembers it.
    init(_ reference: SandboxReference) throws {
        guard let folder = reference.locator["folder"], let digest = reference.locator["guest"],
            let workspace = reference.locator["workspace"]
        else {
            throw SandboxError(
                .notFound, "the making of sandbox \(reference.id) was broken off", remedy: "remove it", backend: reference.backend)
        }
        self.init(sandbox: reference.id, folder: FilePath(folder), digest: digest, workspace: FilePath(workspace))
    }

    /// What the image sets for every command, as the service starts them.
    var imageEnvironment: FilePath { folder.appending("image-environment") }

    /// Makes the guest ready to start, and the workspace. Ends with `isDamaged` when the file is not what was sent.
    var preparation: [String] {
        let script = """
            umask 077; chmod 700 "$1" "$2" && mkdir -p -m 755 "$3" && cat /proc/self/environ >"$5" || exit 40
            command -v sha256sum >/dev/null 2>&1 || exec "$2" --version
            case "$(sha256sum <"$2")" in "$4"*) exec "$2" --version;; *) exit \(Self.isDamaged);; esac
            """
        return ["/bin/sh", "-c", script, "sh", folder.string, executable.string, workspace.string, digest, imageEnvironment.string]
    }

    /// The guest. The name that it listens on is this sandbox's: a second guest ends at once, so starting twice starts one.
    var startCommand: [String] {
        [executable.string, "serve", "--listen-own", sandbox.rawValue, "--cwd", workspace.string, "--sandbox", sandbox.rawValue]
    }

    /// Carries one channel.
    func relayCommand(isText: Bool) -> [String] {
        [executable.string, "relay", "--to-abstract", sandbox.rawValue, "--patience", "\(Self.patience.components.seconds)"]
            + (isText ? ["--text"] : [])
    }
}
