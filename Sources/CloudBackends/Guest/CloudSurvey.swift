import SandboxCore
import SystemPackage

/// What a fresh sandbox is like. Asked, never assumed: templates and images differ in user, home and work directory.
struct CloudSurvey: Sendable {
    /// Where commands start by themselves.
    let workDirectory: FilePath
    let home: FilePath
    let userID: String
    /// True where `sudo` works without a password.
    let hasSudo: Bool
    /// Where the guest goes.
    let folder: FilePath
    /// The right guest is there already: the image brought it.
    let hasGuest: Bool

    private static let count = 7

    /// Prints the facts, a line each.
    static func script(digest: String) -> String {
        """
        f="${HOME:-$(pwd)}/.sandlot"; g="$f/guest-\(digest)"; h=no; s=no
        if [ -f "$g" ] && command -v sha256sum >/dev/null 2>&1; then case "$(sha256sum <"$g")" in \(digest)*) h=yes;; esac; fi
        if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then s=yes; fi
        printf '%s\\n' "$(pwd)" "${HOME:-$(pwd)}" "$(id -u)" "$(uname -m)" "$f" "$h" "$s"
        """
    }

    /// Reads what the script printed. Throws `protocolViolation` for something else, `unsupported` where our guest cannot run.
    init(_ run: CloudRun, backend: BackendID) throws {
        let facts = String(decoding: run.output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let arePaths = [0, 1, 4].allSatisfy { facts.count > $0 && facts[$0].hasPrefix("/") && facts[$0].utf8.count < 2048 }
        guard run.exitCode == 0, facts.count == Self.count + 1, arePaths else {
            throw SandboxError(
                .protocolViolation, "the sandbox does not say where it works: \(run.words)",
                remedy: "see whether its image has /bin/sh, id and uname", backend: backend)
        }
        guard facts[3] == GuestParcel.machine else {
            throw SandboxError(
                .unsupported, "the sandbox is a \(facts[3].prefix(40)) machine and this Sandlot's guest is for \(GuestParcel.machine)",
                remedy: "use an image of that machine", backend: backend)
        }
        workDirectory = FilePath(facts[0])
        home = FilePath(facts[1])
        userID = facts[2]
        folder = FilePath(facts[4])
        hasGuest = facts[5] == "yes"
        hasSudo = facts[6] == "yes"
    }

    /// Who commands are, for people.
    var rights: String { userID == "0" ? "root" : hasSudo ? "user \(userID) with sudo" : "user \(userID)" }
}
