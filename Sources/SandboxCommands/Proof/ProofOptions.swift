import ArgumentParser
import Foundation
import SandboxCore
import SandboxEngine
import SandboxSettings
import SandboxTesting
import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What `attack` and `conformance` share: which backends, and how the outcome is told.
struct ProofOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case markdown
        case json
    }

    @Argument(help: "Backends; without one every backend of this machine that works here and isolates.") var backends: [String] = []

    @Option(name: .long, help: "How it is told: text, which leaves out what held, markdown or json.")
    var format = Format.text

    @Option(name: .long, help: ArgumentHelp("Only this case or family; may be repeated.", valueName: "case"))
    var only: [String] = []

    /// The names that were given. Throws `notFound` for one that nothing has.
    func chosen(among known: Set<String>) throws -> Set<String> {
        for name in only where !known.contains(name) {
            throw SandboxError(
                .notFound, "there is no case or family '\(name)'",
                remedy: NearestWord.of(name, among: known).map { "did you mean '\($0)'?" }
                    ?? "families are \(known.filter { !$0.contains(".") }.sorted().joined(separator: ", "))")
        }
        return Set(only)
    }

    /// One backend, and where things may be put down on the host.
    struct Subject {
        let backend: any SandboxBackend
        let runtime: SandlotRuntime
        let scratch: FilePath
    }

    /// Runs a suite on each backend, one after the other, and tells what came of it.
    func prove(
        _ what: String, _ settings: SettingsOptions, in context: CommandContext,
        _ suite: @escaping @Sendable (Subject) async throws -> SuiteReport
    ) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let statuses = try await Progress.during("probing", in: context) { await runtime.engine.backends() }
            let chosen = try backends.isEmpty ? statuses.filter(Self.isMeant) : backends.map { try BackendReport.find($0, in: statuses) }
            let scratch = try Self.makeScratch()
            defer { try? FileManager.default.removeItem(atPath: scratch.string) }
            var (reports, missing): ([SuiteReport], [BackendStatus]) = ([], [])
            for status in chosen {
                guard status.availability.isAvailable,
                    let backend = runtime.backends.first(where: { $0.descriptor.id == status.descriptor.id })
                else {
                    missing.append(status)
                    continue
                }
                let subject = Subject(backend: backend, runtime: runtime, scratch: scratch)
                reports.append(try await Progress.during("\(what) \(status.descriptor.id)", in: context) { try await suite(subject) })
            }
            try await tell(reports, missing, in: context)
            return reports.allSatisfy(\.isKept) && missing.isEmpty && !reports.isEmpty ? 0 : 1
        }
    }

    /// Services cost money, and without isolation there is nothing to hold.
    private static func isMeant(_ status: BackendStatus) -> Bool {
        status.availability.isAvailable && status.descriptor.placement == .local && status.descriptor.isolation > .none
    }

    private static func makeScratch() throws -> FilePath {
        let path = FilePath(NSTemporaryDirectory()).appending("sandlot-proof-\(getpid())")
        guard mkdir(path.string, 0o755) == 0 else {
            throw SandboxError(
                .unavailable, "\(path) cannot be made: \(Errno(rawValue: errno))", remedy: "set TMPDIR to a place that can be written")
        }
        // Root's own directories are refused as workspaces by backends that run commands as the workspace's owner.
        if getuid() == 0 { _ = chown(path.string, 65534, 65534) }
        return path
    }

    // MARK: Telling

    private func tell(_ reports: [SuiteReport], _ missing: [BackendStatus], in context: CommandContext) async throws {
        switch format {
        case .json:
            try await context.print(["reports": .array(reports.map(Self.json)), "missing": .array(missing.map(BackendReport.json))])
        case .markdown:
            var parts = reports.map(\.markdown)
            for status in missing { parts.append("## \(status.descriptor.id): did not run\n\n\(Self.reason(status))\n") }
            try await context.print(parts.joined(separator: "\n"))
        case .text:
            for report in reports { try await context.print(Self.text(report, context.style)) }
            for status in missing { try await context.print(BackendReport.text(status, context.style)) }
            if reports.isEmpty && missing.isEmpty { await context.note("no backend works here; see `sandlot doctor`") }
        }
    }

    private static func reason(_ status: BackendStatus) -> String {
        guard case .unavailable(let reason, let remedy) = status.availability else { return "" }
        return Table.harmless("\(reason); \(remedy)")
    }

    /// The summary, and what did not hold.
    static func text(_ report: SuiteReport, _ style: Style) -> String {
        var text = (report.isKept ? style.good("kept  ") : style.bad("OPEN  ")) + " " + style.strong(report.summary) + "\n"
        for verdict in [Verdict.open, .notPromised, .couldNotRun] {
            for entry in report.entries(verdict) {
                text += "  \(verdict.rawValue): \(entry.id): \(Table.harmless(entry.detail ?? ""))\n"
            }
        }
        return text
    }

    static func json(_ report: SuiteReport) -> JSONValue {
        [
            "suite": .string(report.suite.rawValue), "backend": .string(report.backend.rawValue),
            "isolation": .string(report.isolation.rawValue),
            "kept": .boolean(report.isKept),
            "counts": .object(Verdict.allCases.map { ($0.rawValue, .whole(report.entries($0).count)) }),
            "facts": .object(report.facts.map { ($0.name, .string($0.value)) }),
            "entries": .array(
                report.entries.map { entry in
                    [
                        "id": .string(entry.id), "summary": .string(entry.summary), "verdict": .string(entry.verdict.rawValue),
                        "detail": .text(entry.detail), "seconds": .number((entry.seconds * 1000).rounded() / 1000),
                    ]
                }),
        ]
    }
}
