import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxServer
import SandboxSettings
import Sandlot
import SystemPackage

/// The settings file in the hands of the server: what is changed there is read again, and counts for sessions from then on.
struct ServedSettings: SettingsKeeping {
    let options: SandlotOptions
    let engine: Engine

    func settings() async throws -> SettingListBody {
        SettingListBody(settings: try SandlotRuntime.settings(options).all.map(Self.body))
    }

    func change(_ change: SettingsChange) async throws -> SettingListBody {
        let before = try SandlotRuntime.settings(options)
        for (name, text) in change.set { try Self.refuse(name, text, before) }
        // As flags they are checked all together before the first one is written.
        var trial = options
        for case (let name, let text?) in change.set { trial.settings[name] = text }
        _ = try SandlotRuntime.settings(trial).general()
        let editor = SettingsEditor(path: try SandlotRuntime.locations(options).file, schema: SandlotRuntime.schema)
        var done: [String] = []
        do {
            for (name, text) in change.set.sorted(by: { $0.key < $1.key }) {
                if let text { try editor.set(name, to: text) } else { _ = try editor.unset(name) }
                done.append(name)
            }
        } catch {
            for name in done.reversed() { Self.restore(name, before, editor) }
            throw error
        }
        engine.reconfigure(try SandlotRuntime.configuration(options, engine.dataDirectory))
        return try await settings()
    }

    private static func refuse(_ name: String, _ text: String?, _ settings: Settings) throws {
        let setting = try settings[name] ?? { throw try missing(name) }()
        if let reason = body(setting).locked {
            throw SandboxError(.denied, "the setting '\(name)' cannot be changed here: \(reason)", remedy: "change it on the host")
        }
        // A program's output as a secret is a program that is run.
        if setting.key.kind == .secret, let text, case .command = try SecretReference(text) {
            throw SandboxError(
                .denied, "a secret that a program prints can only be set on the host", remedy: "use secret:NAME or file:PATH")
        }
        if let text { try ArgumentSecrets.refuse(text, for: name) }
    }

    private static func missing(_ name: String) throws -> any Error {
        do {
            _ = try SandlotRuntime.schema.key(named: name)
            return SandboxError(.notFound, "there is no setting '\(name.prefix(120))'")
        } catch { return error }
    }

    private static func restore(_ name: String, _ before: Settings, _ editor: SettingsEditor) {
        guard let setting = before[name], case .file = setting.origin else {
            _ = try? editor.unset(name)
            return
        }
        _ = try? editor.set(name, to: setting.text)
    }

    private static func body(_ setting: ResolvedSetting) -> SettingBody {
        var place: String?
        var locked: String?
        switch setting.origin {
        case .flag: locked = "the server was started with it as a flag"
        case .environment(let name):
            place = name
            locked = "the variable \(name) decides it"
        case .file(let path, let line): place = "\(path):\(line)"
        case .alias(let name): place = name
        case .default: break
        }
        // What names files and programs of the host decides what runs there.
        if locked == nil, setting.key.kind == .path { locked = "it names a file of the host" }
        if locked == nil, setting.key.name == "secrets.key_command" { locked = "it names a program of the host" }
        let isLive = setting.key.path.first != "backends" && !["data_directory", "log_level"].contains(setting.key.name)
        let (kind, choices) = form(of: setting.key.kind)
        return SettingBody(
            name: setting.key.name, summary: setting.key.summary, expects: setting.key.kind.expectation, kind: kind, choices: choices,
            value: setting.value.map(\.description), secret: setting.key.kind == .secret, origin: setting.origin.word, place: place,
            locked: locked, live: isLive)
    }

    private static func form(of kind: SettingKind) -> (kind: String, choices: [String]?) {
        switch kind {
        case .text: ("text", nil)
        case .path: ("path", nil)
        case .integer: ("integer", nil)
        case .positiveNumber: ("number", nil)
        case .boolean: ("boolean", nil)
        case .choice(let words): ("choice", words)
        case .textList: ("list", nil)
        case .choiceList(let words): ("list", words)
        case .size: ("size", nil)
        case .duration: ("duration", nil)
        case .secret: ("secret", nil)
        }
    }
}
