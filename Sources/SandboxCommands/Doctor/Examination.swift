import Foundation
import SandboxCore
import SandboxEngine
import SandboxSecrets
import SandboxSettings
import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks at everything that a sandbox needs here. Finds as much as it can: one broken thing does not hide the next.
struct Examination {
    let options: SettingsOptions
    let context: CommandContext

    func findings() async throws -> [Finding] {
        var findings: [Finding] = []
        let (locations, reading) = try ConfigSources.read(options, in: context)
        for problem in reading.problems {
            findings.append(Finding(subject: "settings", verdict: .broken, message: problem.description, remedy: problem.remedy))
        }
        for warning in reading.settings.warnings {
            findings.append(Finding(subject: "settings", verdict: .lacking, message: warning.description, remedy: warning.remedy))
        }
        guard reading.problems.isEmpty else { return findings }
        let place = access(locations.file, F_OK) == 0 ? locations.file : "\(locations.file) (there is none; defaults apply)"
        findings.append(Finding(subject: "settings", verdict: .good, message: place))
        do {
            let runtime = try SandlotRuntime(try options.sandlotOptions(environment: context.environment))
            findings.append(Self.dataDirectory(runtime.dataDirectory))
            findings += await secrets(runtime)
            findings += await backends(runtime.engine)
            await runtime.engine.shutdown()
        } catch {
            let failure = Failure(error)
            findings.append(Finding(subject: "data directory", verdict: .broken, message: failure.message, remedy: failure.remedy))
            findings += await backendsElsewhere()
        }
        return findings
    }

    /// What works here does not depend on a data directory that is broken: another one, which is gone afterwards, does for a look.
    private func backendsElsewhere() async -> [Finding] {
        let directory = FilePath(NSTemporaryDirectory()).appending("sandlot-doctor-\(getpid())")
        defer { try? FileManager.default.removeItem(atPath: directory.string) }
        guard var elsewhere = try? options.sandlotOptions(environment: context.environment) else { return [] }
        elsewhere.dataDirectory = directory
        guard let runtime = try? SandlotRuntime(elsewhere) else { return [] }
        let found = await backends(runtime.engine).filter { $0.subject != "sandlot run" }
        await runtime.engine.shutdown()
        return found
    }

    /// Whether the sealed store opens, and whether what settings refer to is there. Commands are not run: they may ask their user.
    private func secrets(_ runtime: SandlotRuntime) async -> [Finding] {
        var findings: [Finding] = []
        do {
            if let summary = try runtime.secrets.store.summary() {
                let count = try await runtime.secrets.store.entries().count
                let moves = summary.source != summary.preferred
                findings.append(
                    Finding(
                        subject: "secrets", verdict: .good, message: "\(count) sealed; the key is in \(summary.source.words)",
                        remedy: moves ? "`sandlot secret rotate` moves it to \(summary.preferred.words)" : nil))
            }
        } catch {
            let failure = Failure(error)
            findings.append(Finding(subject: "secrets", verdict: .lacking, message: failure.message, remedy: failure.remedy))
        }
        for setting in runtime.settings.all {
            guard case .secret(let reference)? = setting.value else { continue }
            if case .command = reference { continue }
            do {
                _ = try await runtime.secrets.value(of: reference, for: setting.key.name)
            } catch {
                let failure = Failure(error)
                findings.append(Finding(subject: "secrets", verdict: .lacking, message: failure.message, remedy: failure.remedy))
            }
        }
        return findings
    }

    /// What works, and what `sandlot run` would take.
    private func backends(_ engine: Engine) async -> [Finding] {
        var findings: [Finding] = []
        for backend in await engine.backends(refresh: true) {
            let subject = backend.descriptor.id.rawValue
            switch backend.availability {
            case .available(let details):
                let facts = details.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
                findings.append(Finding(subject: subject, verdict: .good, message: facts.isEmpty ? "works" : facts))
            case .unavailable(let reason, let remedy):
                findings.append(Finding(subject: subject, verdict: .lacking, message: reason, remedy: remedy))
            }
        }
        do {
            let decision = try await engine.decide(SessionRequest())
            findings.append(
                Finding(
                    subject: "sandlot run", verdict: .good, message: "uses \(decision.chosen) (isolation \(decision.isolation.rawValue))"))
        } catch {
            let failure = Failure(error)
            findings.append(Finding(subject: "sandlot run", verdict: .broken, message: failure.message, remedy: failure.remedy))
        }
        return findings
    }

    /// Sessions and output need room.
    static func dataDirectory(_ path: FilePath) -> Finding {
        var space = statvfs()
        guard access(path.string, W_OK) == 0, statvfs(path.string, &space) == 0 else {
            return Finding(
                subject: "data directory", verdict: .broken, message: "\(path) cannot be written: \(Errno(rawValue: errno))",
                remedy: "name another one: sandlot config set data_directory PATH")
        }
        let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
        let shown = free < 1 << 20 ? "less than 1 MiB" : ByteSize.text((free >> 20) << 20)
        guard free > 256 << 20 else {
            // With less than this a session cannot even be noted down.
            return Finding(
                subject: "data directory", verdict: free < 8 << 20 ? .broken : .lacking, message: "\(path) is nearly full: \(shown) free",
                remedy: "free some space there, or name another place: sandlot config set data_directory PATH")
        }
        return Finding(subject: "data directory", verdict: .good, message: "\(path), \(shown) free")
    }
}
