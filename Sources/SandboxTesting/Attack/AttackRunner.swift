public import SandboxCore
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Attacks the sandboxes of a backend from inside, through the same seam that every client uses, and tells which promises hold.
///
/// The attempts are made by the guest's static program, so that they also run in an image without any tool.
public struct AttackRunner: Sendable {
    /// An existing directory of the host that everybody may enter; what is put there is removed.
    public var hostScratch: FilePath
    /// Of the guest's program.
    public var guest: FilePath
    /// Turns the bytes of an archive into the items of a tree.
    public var unpack: @Sendable (SandboxStream<[UInt8]>) -> SandboxStream<TreeItem>
    /// Ids and families that are run; empty for all.
    public var only: Set<String> = []
    /// What every specification for this backend needs, such as an image.
    public var configure: @Sendable (inout SandboxSpec) -> Void

    /// Creates a runner.
    public init(
        hostScratch: FilePath, guest: FilePath, unpack: @escaping @Sendable (SandboxStream<[UInt8]>) -> SandboxStream<TreeItem>,
        configure: @escaping @Sendable (inout SandboxSpec) -> Void = { _ in }
    ) {
        self.hostScratch = hostScratch
        self.guest = guest
        self.unpack = unpack
        self.configure = configure
    }

    /// Cases of the conformance suite that are attacks: hogs, and commands that mean harm.
    private static let cases = ConformanceSuite.all.filter { one in
        ["limits.memory", "limits.processes", "limits.fork-bomb", "limits.disk", "isolation.environ-unseen", "confinement.setuid"]
            .contains(one.id) || one.family == "adversarial" || one.id.hasPrefix("files.import-hostile-")
    }

    /// Everything that can be named in `only`.
    public static let names: Set<String> = {
        let ids = AttackProbes.all.map(\.id) + cases.map(\.id) + TreeAttacks.ids
        return Set(ids).union(ids.map { String($0.prefix { $0 != "." }) })
    }()

    private func isWanted(_ id: String) -> Bool { only.isEmpty || only.contains(id) || only.contains(String(id.prefix { $0 != "." })) }

    /// Runs everything. Never throws: what goes wrong is told in the report.
    public func run(on backend: any SandboxBackend) async -> SuiteReport {
        let descriptor = backend.descriptor
        var report = SuiteReport(.attack, backend: descriptor.id, isolation: descriptor.isolation, entries: [])
        let network: NetworkPolicy = descriptor.capabilities.contains(.networkNone) ? .none : .open
        let probes = AttackProbes.all.filter { isWanted($0.id) }
        await attempts(probes, network, backend, &report, isAgain: false)
        if network == .none, descriptor.capabilities.contains(.networkOpen) {
            await attempts(probes.filter { AttackProbes.ofOpenNetwork.contains($0.id) }, .open, backend, &report, isAgain: true)
        }
        if TreeAttacks.ids.contains(where: isWanted) { await trees(backend, &report) }
        let cases = Self.cases.filter { isWanted($0.id) }
        var runner = ConformanceRunner(hostScratch: hostScratch, configure: configure)
        // A machine that is emulated takes its time to fill its memory.
        if descriptor.isolation == .microVM { runner.deadline = .seconds(300) }
        report.entries += await runner.run(cases, on: backend).entries
        return report
    }

    // MARK: The guest's program

    private func attempts(
        _ probes: [AttackProbe], _ network: NetworkPolicy, _ backend: any SandboxBackend, _ report: inout SuiteReport, isAgain: Bool
    ) async {
        guard !probes.isEmpty else { return }
        let descriptor = backend.descriptor
        var subject = AttackSubject(
            isolation: descriptor.isolation, capabilities: descriptor.capabilities, network: network, hasOwnKernel: false)
        func add(_ probe: AttackProbe, _ verdict: Verdict, _ detail: String, _ seconds: Double = 0) {
            let id = isAgain ? "network-open.\(probe.id.drop { $0 != "." }.dropFirst())" : probe.id
            let summary = isAgain ? "\(probe.summary), with network open" : probe.summary
            report.entries.append(SuiteReport.Entry(id: id, summary: summary, verdict: verdict, detail: detail, seconds: seconds))
        }
        guard descriptor.isolation != .wasm else {
            for probe in probes { add(probe, .couldNotRun, ConformanceCase.withoutPrograms) }
            return
        }
        do {
            let start = ContinuousClock.now
            let (output, isUntouched) = try await withSandbox(backend, network) { try await attack(from: $0, descriptor) }
            let share = (ContinuousClock.now - start) / .seconds(1) / Double(max(1, probes.count))
            subject.hasOwnKernel = descriptor.placement == .cloud || isOther(output.fact("boot"))
            if !isAgain { report.facts = facts(output, subject) }
            for probe in probes {
                var (verdict, detail) = probe.verdict(output.answers[probe.id], subject)
                if probe.id == "escape.host-path", !isUntouched { (verdict, detail) = (.open, "the host's file was changed") }
                add(probe, verdict, detail, share)
            }
        } catch {
            for probe in probes { add(probe, .couldNotRun, "\(error)") }
        }
    }

    /// Runs the program; also tells whether the host's file is as it was.
    private func attack(from sandbox: any Sandbox, _ descriptor: BackendDescriptor) async throws -> (ProbeOutput, Bool) {
        let program = try HostFile.bytes(of: guest)
        try await sandbox.files.write(program, to: "sandlot-probe", options: FileWriteOptions(mode: 0o755))
        // What lies on this host is nothing to a sandbox elsewhere.
        let bait = descriptor.placement == .cloud ? nil : try HostBait(in: hostScratch)
        defer { bait?.remove() }
        let path = sandbox.workspacePath.appending("sandlot-probe").string
        let result = try await sandbox.run(
            ExecRequest(.arguments([path, "probe"] + (bait?.arguments ?? [])), timeout: .seconds(300), survivors: .kill), limit: 1 << 20)
        guard result.outcome.isSuccess else {
            throw SandboxError(
                .unavailable, "the guest's program ended with \(result.outcome): \(result.errorText.prefix(300))",
                remedy: "see whether the guest \(guest) is of the same build")
        }
        return (ProbeOutput(result.outputText), bait?.isUntouched ?? true)
    }

    private func withSandbox<R: Sendable>(
        _ backend: any SandboxBackend, _ network: NetworkPolicy, _ body: (any Sandbox) async throws -> R
    ) async throws -> R {
        var spec = SandboxSpec(owner: .random(), network: network)
        if backend.descriptor.capabilities.contains(.memoryLimit) { spec.limits.memory = 512 << 20 }
        configure(&spec)
        let sandbox = try await backend.create(spec) { _ in }
        do {
            let result = try await body(sandbox)
            try await sandbox.destroy()
            return result
        } catch {
            try? await sandbox.destroy()
            throw error
        }
    }

    private func trees(_ backend: any SandboxBackend, _ report: inout SuiteReport) async {
        let (attacks, wanted) = (unpack, TreeAttacks.ids.filter(isWanted))
        do {
            let network: NetworkPolicy = backend.descriptor.capabilities.contains(.networkNone) ? .none : .open
            report.entries += try await withSandbox(backend, network) {
                await TreeAttacks(unpack: attacks, files: $0.files).run(Set(wanted))
            }
        } catch {
            report.entries.append(
                SuiteReport.Entry(id: "archive.all", summary: "unpack outside of the root", verdict: .couldNotRun, detail: "\(error)"))
        }
    }

    // MARK: What the sandbox is

    private func isOther(_ boot: String?) -> Bool {
        guard let boot, let own = HostScratch.read("/proc/sys/kernel/random/boot_id") else { return false }
        return boot != own.prefix { $0 != "\n" }
    }

    /// What was told, with each namespace compared with this process'.
    private func facts(_ output: ProbeOutput, _ subject: AttackSubject) -> [SuiteReport.Fact] {
        var facts: [SuiteReport.Fact] = []
        var (own, shared): ([String], [String]) = ([], [])
        for (name, value) in output.facts {
            guard name.hasPrefix("namespace.") else {
                if name != "boot" { facts.append(.init(name, value)) }
                continue
            }
            let kind = String(name.dropFirst("namespace.".count))
            if subject.hasOwnKernel || HostFile.link("/proc/self/ns/\(kind)") != value { own.append(kind) } else { shared.append(kind) }
        }
        facts.append(.init("kernel is", subject.hasOwnKernel ? "the sandbox's own" : "the host's"))
        facts.append(.init("own namespaces", own.isEmpty ? "none" : own.joined(separator: " ")))
        facts.append(.init("shared namespaces", shared.isEmpty ? "none" : shared.joined(separator: " ")))
        return facts
    }
}

/// Files of the host that are read as they are.
private enum HostFile {
    static func bytes(of path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            let size = Int(try file.seek(offset: 0, from: .end))
            try file.seek(offset: 0, from: .start)
            var content = [UInt8](repeating: 0, count: size)
            var used = 0
            while used < size {
                let count = try content.withUnsafeMutableBytes { try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[used...])) }
                if count == 0 { break }
                used += count
            }
            return Array(content.prefix(used))
        }
    }

    static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &target, target.count)
        return count > 0 ? String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}
