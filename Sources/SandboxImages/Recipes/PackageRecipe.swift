import SandboxCore

/// How packages get onto a base: a Dockerfile for builders, a script for a sandbox that runs already.
public struct PackageRecipe: Sendable, Equatable {
    /// Part of every image's name: what is built differently is another image.
    public static let version = 1

    /// The build argument that names a mirror of the distribution's packages. It is used during the build and stays in no file of the image.
    public static let mirrorArgument = "SANDLOT_APT_MIRROR"

    public let distribution: Distribution
    /// What is installed together, in order: one layer each, so that images with the same first sets share them.
    public let layers: [[String]]

    /// Works out what is installed. Throws `invalidArgument` that names every package with a problem.
    public init(_ names: [String], on distribution: Distribution) throws {
        self.distribution = distribution
        let map = PackageMap(distribution)
        // All at once first, so that every wrong name is told, not only those of the first layer.
        _ = try map.packages(for: names)
        let sets = names.filter { $0.hasPrefix("@") }
        let single = names.filter { !$0.hasPrefix("@") }
        var seen: Set<String> = []
        var layers: [[String]] = []
        for group in sets.map({ [$0] }) + [single] {
            let fresh = try map.packages(for: group).filter { seen.insert($0).inserted }
            if !fresh.isEmpty { layers.append(fresh) }
        }
        self.layers = layers
    }

    /// Everything that is installed, sorted.
    public var packages: [String] { layers.flatMap { $0 }.sorted() }

    /// The text for a builder. `base` is an id that cannot move, `user` whom the base's commands run as.
    public func dockerfile(base: String, user: String, layerLabel: String) -> String {
        var lines = ["FROM \(base)", "LABEL \(layerLabel)=\"\(Self.version)\"", "USER 0"]
        if distribution.manager == .apt { lines.append("ARG \(Self.mirrorArgument)") }
        for layer in layers { lines.append("RUN [\"/bin/sh\", \"-ec\", \(Self.quoted(script(layer)))]") }
        if !user.isEmpty, user.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C && $0 != 0x22 && $0 != 0x24 }) {
            lines.append("USER \(user)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What root runs to install everything in a sandbox that runs already.
    public var command: [String] { ["/bin/sh", "-ec", script(packages)] }

    /// The names were checked, so they are words of the shell.
    private func script(_ packages: [String]) -> String {
        let list = packages.joined(separator: " ")
        switch distribution.manager {
        case .apt:
            return """
                export DEBIAN_FRONTEND=noninteractive LC_ALL=C
                options=
                if [ -n "${\(Self.mirrorArgument):-}" ]; then
                . /etc/os-release
                echo "deb $\(Self.mirrorArgument) $VERSION_CODENAME main" >/tmp/sandlot.list
                options="-o Dir::Etc::sourcelist=/tmp/sandlot.list -o Dir::Etc::sourceparts=-"
                fi
                apt-get $options update
                apt-get $options install -y --no-install-recommends \(list)
                apt-get clean
                rm -rf /var/lib/apt/lists/* /tmp/sandlot.list
                """
        case .dnf:
            return """
                export LC_ALL=C
                manager=$(command -v dnf || command -v microdnf || command -v yum)
                "$manager" install -y --setopt=install_weak_deps=False \(list)
                "$manager" clean all
                """
        case .apk:
            return "apk add --no-cache \(list)"
        }
    }

    /// As JSON text.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
