import SandboxCore
import TOMLKit

/// A settings file checked against the schema.
struct SettingsFile {
    var values: [String: ResolvedSetting] = [:]
    var problems: [SettingsProblem] = []
    var warnings: [SettingsProblem] = []
    /// False when the text is not TOML at all.
    var isReadable = true

    private let path: String
    private let layout: TOMLLayout
    private let schema: SettingsSchema

    init(text: String, path: String, schema: SettingsSchema) {
        self.path = path
        self.schema = schema
        layout = TOMLLayout(text)
        // The parser takes for granted that a name follows the bracket, and ends the process where none does.
        if let nameless = layout.headers.first(where: { !$0.isNamed }) {
            isReadable = false
            problems.append(
                SettingsProblem(
                    source: path, line: nameless.line + 1, column: nameless.column, message: "this is not TOML: a section has no name",
                    remedy: "write the name between the brackets, or remove the line"))
            return
        }
        do {
            walk(try TOMLTable(string: text), at: [])
        } catch let failure as TOMLParseError {
            isReadable = false
            let begin = failure.source.begin
            problems.append(
                SettingsProblem(
                    source: path, line: begin.line, column: begin.column, message: "this is not TOML: \(failure.description)",
                    remedy: "mend the line, or move the file away"))
        } catch {
            isReadable = false
            problems.append(SettingsProblem(source: path, message: "this is not TOML: \(error)", remedy: "mend the file, or move it away"))
        }
    }

    private mutating func walk(_ table: TOMLTable, at parent: [String]) {
        for name in table.keys.sorted() {
            let here = parent + [name]
            guard let found = table[name] else { continue }
            if let key = schema[here.joined(separator: ".")] {
                read(found, as: key)
            } else if schema.isSection(here) {
                if let section = found.table {
                    walk(section, at: here)
                } else {
                    report(here, "'\(name)' is a section, not a value", remedy: "write [\(here.joined(separator: "."))] above its keys")
                }
            } else {
                reportUnknown(here, isSection: found.table != nil)
            }
        }
    }

    private mutating func read(_ found: any TOMLValueConvertible, as key: SettingKey) {
        do {
            let value = try Self.value(found, as: key.kind)
            let line = layout.position(of: key.path)?.line ?? 1
            values[key.name] = ResolvedSetting(key: key, value: value, origin: .file(path: path, line: line))
            if case .secret(let reference) = value, reference.isPlain {
                warnings.append(
                    problem(
                        key.path, "'\(key.name)' is a secret in plain text",
                        remedy:
                            "`sandlot secret import` seals it; or set \(([key.environmentName] + key.aliases).joined(separator: " or ")) instead"
                    ))
            }
        } catch let error as SandboxError {
            report(key.path, "\(key.name): \(error.message)", remedy: error.remedy)
        } catch {
            report(key.path, "\(key.name): \(error)", remedy: nil)
        }
    }

    private static func value(_ found: any TOMLValueConvertible, as kind: SettingKind) throws -> SettingValue {
        switch found.type {
        case .string:
            guard let text = found.string else { break }
            switch kind {
            case .integer, .positiveNumber, .boolean, .textList, .choiceList:
                throw SandboxError(.invalidArgument, "this must be \(kind.expectation), not text", remedy: "remove the quotes")
            default: return try SettingParser.value(from: text, as: kind)
            }
        case .int:
            if let number = found.int { return try SettingParser.value(from: number, as: kind) }
        case .double:
            if let number = found.double, kind == .positiveNumber, number.isFinite, number > 0 { return .number(number) }
        case .bool:
            if let truth = found.bool, kind == .boolean { return .boolean(truth) }
        case .array:
            if let array = found.array {
                let words = array.compactMap(\.string)
                if words.count == array.count { return try SettingParser.value(from: words, as: kind) }
            }
        default: break
        }
        throw SandboxError(.invalidArgument, "this must be \(kind.expectation), not \(found.type)", remedy: "write \(kind.expectation)")
    }

    private mutating func reportUnknown(_ path: [String], isSection: Bool) {
        let parent = path.dropLast().joined(separator: ".")
        let place = parent.isEmpty ? "" : " in [\(parent)]"
        let near = schema.suggestion(for: path)
        report(
            path, "unknown \(isSection ? "section" : "key") '\(path.last ?? "")'\(place)",
            remedy: near.map { "did you mean '\($0)'?" } ?? "`sandlot config show` lists every setting")
    }

    private mutating func report(_ path: [String], _ message: String, remedy: String?) {
        problems.append(problem(path, message, remedy: remedy))
    }

    private func problem(_ path: [String], _ message: String, remedy: String?) -> SettingsProblem {
        let position = layout.position(of: path)
        return SettingsProblem(
            source: self.path, line: position?.line, column: position?.column, key: path.joined(separator: "."), message: message,
            remedy: remedy)
    }
}
