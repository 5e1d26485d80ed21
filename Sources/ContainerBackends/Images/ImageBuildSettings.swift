public import SandboxCore
import SandboxImages

/// How images are built: the keys of a container backend's scope that are about builds.
public struct ImageBuildSettings: Sendable, Equatable {
    /// The network of a build's steps; nil is the engine's usual one.
    public var network: String?
    /// Values for every build, as for `http_proxy`.
    public var arguments: [String: String]
    /// Where apt takes packages from during a build.
    public var aptMirror: String?

    /// The descriptors that the settings file, the forms and the documents are made from.
    public static let descriptors: [SettingDescriptor] = [
        SettingDescriptor(
            key: "build_network", kind: .choice(["default", "host", "none"]), summary: "The network of an image build's steps.",
            defaultText: "default"),
        SettingDescriptor(
            key: "build_arguments", kind: .textList,
            summary: "NAME=VALUE for every image build; http_proxy, https_proxy and no_proxy stay out of the image and its history."),
        SettingDescriptor(
            key: "apt_mirror", kind: .text,
            summary: "http(s)://host/path where image builds get Debian's or Ubuntu's packages; it stays in no file of the image."),
    ]

    /// Reads its part of a scope; a value that makes no sense is `invalidArgument`.
    public init(_ values: [String: [String]] = [:]) throws {
        func text(_ key: String) -> String? { values[key]?.first.flatMap { $0.isEmpty ? nil : $0 } }
        func wrong(_ key: String, _ value: String, _ remedy: String) -> SandboxError {
            SandboxError(.invalidArgument, "the setting \(key) is '\(value.prefix(80))'", remedy: remedy)
        }
        switch text("build_network") {
        case nil, "default": network = nil
        case "host": network = "host"
        case "none": network = "none"
        case .some(let word): throw wrong("build_network", word, "use default, host or none")
        }
        arguments = [:]
        for pair in values["build_arguments"] ?? [] {
            let name = String(pair.prefix { $0 != "=" })
            guard name.utf8.count < pair.utf8.count, Self.isName(name) else {
                // What follows the sign may hold a password.
                throw wrong("build_arguments", name, "write NAME=VALUE")
            }
            arguments[name] = String(pair.dropFirst(name.count + 1))
        }
        aptMirror = text("apt_mirror")
        if let mirror = aptMirror {
            let rest = mirror.hasPrefix("http://") ? mirror.dropFirst(7) : mirror.hasPrefix("https://") ? mirror.dropFirst(8) : ""
            let allowed = rest.utf8.allSatisfy { byte in
                (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || ".-_~/:[]%".utf8.contains(byte)
            }
            // A password would be told by the image's history.
            guard !rest.isEmpty, allowed else {
                throw wrong("apt_mirror", String(mirror.prefix { $0 != "@" }), "write http(s)://host/path")
            }
        }
    }

    /// The arguments of one build; the specification's own win.
    func arguments(of plan: ImagePlan) -> [String: String] {
        var all = arguments
        if case .packages = plan.spec.content { all[PackageRecipe.mirrorArgument] = aptMirror ?? "" }
        return all.merging(plan.spec.arguments) { $1 }
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.first?.isNumber == false
            && name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F }
    }
}
