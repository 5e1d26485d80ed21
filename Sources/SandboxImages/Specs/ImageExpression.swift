public import SandboxCore

/// An image as people write it: `debian:bookworm` names one of the engine's, `@web` or `@core,web,dnf:htop` asks for one to be built.
public enum ImageExpression: Sendable, Equatable {
    /// A name for the backend's image store.
    case reference(String)
    /// The name of a saved specification or of a set.
    case named(String)
    /// Sets and packages over the backend's own base.
    case packages([String])

    /// Reads text. Throws `invalidArgument` for one that is empty or holds words that cannot be names.
    public init(parsing text: String) throws {
        guard text.hasPrefix("@") else {
            guard !text.isEmpty, !text.hasPrefix("-") else { throw Self.refusal(text) }
            self = .reference(text)
            return
        }
        let words = text.dropFirst().split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard words.allSatisfy({ !$0.isEmpty }) else { throw Self.refusal(text) }
        if words.count == 1, (try? ImageSpecName(validating: words[0])) != nil {
            self = .named(words[0])
            return
        }
        self = .packages(
            try words.map { word in
                if PackageSet.named(word) != nil { return "@" + word }
                let bare = word.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
                let isKnown = word.contains(":") ? PackageMap.isWellFormed(bare) : PackageCatalogue.byDebianName[word] != nil
                guard isKnown else {
                    throw SandboxError(
                        .invalidArgument, "'\(word.prefix(80))' in '\(text.prefix(200))' is neither a package set nor a package known here",
                        remedy: "see `sandlot image sets`, or write apt:\(word.prefix(80)) if that is what the distribution calls it")
                }
                return word
            })
    }

    private static func refusal(_ text: String) -> SandboxError {
        SandboxError(
            .invalidArgument, "'\(text.prefix(200))' names no image",
            remedy: "write a reference such as debian:stable-slim, a saved image such as @mine, or sets such as @core,web")
    }
}

/// What a saved specification is called.
public struct ImageSpecName: Identifier {
    public static let noun = "name of an image"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}
