import SandboxCore

/// A package under one distribution: what was asked for, and what is installed for it.
public struct MappedPackage: Sendable, Equatable {
    /// As asked for.
    public var name: String
    /// As the distribution calls it; empty unless `verdict` is nil.
    public var packages: [String]
    /// Why it cannot be installed; nil when it can.
    public var problem: Problem?

    /// What is wrong with a name.
    public enum Problem: String, Sendable, Equatable {
        /// No name of a package at all: blanks, quotes, options.
        case malformed
        /// Not known here, so what it is called in this distribution cannot be told.
        case unknown
        /// Known, but this distribution has nothing of the kind.
        case unavailable
    }
}

/// Package names in the words of a distribution.
///
/// Names are Debian's. Where the distribution is Debian's own family every well-formed name is taken as it is; elsewhere only names that are known
/// can be translated, and everything else must be written in the distribution's own words: `dnf:htop`, `apk:py3-requests`.
public struct PackageMap: Sendable {
    let distribution: Distribution

    /// A map into the words of a distribution.
    public init(_ distribution: Distribution) { self.distribution = distribution }

    /// One name. A name for another package manager is not there for this one.
    public func map(_ name: String) -> MappedPackage {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 {
            guard let manager = PackageManager(rawValue: parts[0]), Self.isWellFormed(parts[1]) else {
                return MappedPackage(name: name, packages: [], problem: .malformed)
            }
            let fits = manager == distribution.manager
            return MappedPackage(name: name, packages: fits ? [parts[1]] : [], problem: fits ? nil : .unavailable)
        }
        guard Self.isWellFormed(name) else { return MappedPackage(name: name, packages: [], problem: .malformed) }
        if distribution.manager == .apt { return MappedPackage(name: name, packages: [debian(name)], problem: nil) }
        guard let known = PackageCatalogue.byDebianName[Self.plain(name)] else {
            return MappedPackage(name: name, packages: [], problem: .unknown)
        }
        let packages = distribution.manager == .dnf ? known.dnf : known.apk
        return MappedPackage(name: name, packages: packages, problem: packages.isEmpty ? .unavailable : nil)
    }

    /// All of a list: what is to be installed, sorted and each once. Throws `invalidArgument` that names every one with a problem.
    public func packages(for names: [String]) throws -> [String] {
        let mapped = try PackageSet.expand(names).map(map)
        let wrong = mapped.filter { $0.problem != nil }
        guard wrong.isEmpty else { throw Self.refusal(wrong, distribution) }
        return Set(mapped.flatMap(\.packages)).sorted()
    }

    /// What is said about names that cannot be installed.
    static func refusal(_ wrong: [MappedPackage], _ distribution: Distribution) -> SandboxError {
        func list(_ problem: MappedPackage.Problem) -> String? {
            let names = wrong.filter { $0.problem == problem }.map { "'\($0.name.prefix(60))'" }
            return names.isEmpty ? nil : names.joined(separator: ", ")
        }
        let manager = distribution.manager.rawValue
        var told: [String] = []
        if let names = list(.malformed) { told.append("no package can be called \(names)") }
        if let names = list(.unknown) { told.append("it is not known what \(names) is called there") }
        if let names = list(.unavailable) { told.append("there is nothing like \(names)") }
        return SandboxError(
            .invalidArgument, "\(distribution.name) cannot have these packages: \(told.joined(separator: "; "))",
            remedy: "leave them out, or write a name of the distribution's own as \(manager):NAME")
    }

    /// What all package managers' names are made of. It goes into a script, so nothing else may pass.
    public static func isWellFormed(_ name: String) -> Bool {
        guard (1...100).contains(name.utf8.count), let first = name.utf8.first, isAlphanumeric(first) else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || "+-._".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    private func debian(_ name: String) -> String {
        let plain = Self.plain(name)
        guard PackageCatalogue.longTimeNames.contains(plain) else { return name }
        return distribution.hasLongTimeNames ? plain + "t64" : plain
    }

    private static func plain(_ name: String) -> String { name.hasSuffix("t64") ? String(name.dropLast(3)) : name }
}
