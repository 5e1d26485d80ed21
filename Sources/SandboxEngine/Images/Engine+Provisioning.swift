import SandboxCore
import SandboxImages
import SandboxStore
import SystemPackage

extension Engine {
    /// Installs packages in a sandbox that was just made, as root inside, where the backend builds no images. A failure is an error unless the
    /// session says that it can do without.
    func provision(_ packages: [String], in sandbox: any Sandbox, for row: SessionRow, _ plan: SessionPlan) async throws {
        guard !packages.isEmpty else { return }
        let names = packages.joined(separator: " ")
        try await store.write { try $0.announce(.provisioning, session: row.id, ["packages": names]) }
        do {
            try await withDeadline(configuration.images.provisionTimeout, "installing packages") {
                try await Self.install(packages, in: sandbox)
            }
            try await store.write { try $0.announce(.provisioned, session: row.id, ["packages": names]) }
        } catch {
            let reason = (error as? SandboxError)?.description ?? "\(error)"
            try await store.write { try $0.announce(.provisionFailed, session: row.id, ["packages": names, "reason": reason]) }
            guard plan.provision == .bestEffort, !(error is CancellationError) else { throw error }
        }
    }

    private static func install(_ packages: [String], in sandbox: any Sandbox) async throws {
        let backend = sandbox.reference.backend
        var found: Distribution?
        for path in ["/etc/os-release", "/usr/lib/os-release"] where found == nil {
            let bytes = try? await sandbox.files.read(FilePath(path), offset: 0, length: 64 << 10)
            found = bytes.flatMap { Distribution(osRelease: $0) }
        }
        guard let distribution = found else {
            throw SandboxError(
                .unsupported, "the sandbox has no package manager that Sandlot knows", remedy: "leave the packages out, or name an image",
                backend: backend)
        }
        let recipe = try PackageRecipe(packages, on: distribution)
        let result = try await sandbox.run(ExecRequest(.arguments(recipe.command), user: "0", survivors: .kill), limit: 1 << 20)
        guard !result.outcome.isSuccess else { return }
        var complaints = BuildComplaints()
        let lines = (result.outputText + "\n" + result.errorText).split(separator: "\n").map(String.init)
        for line in lines { complaints.hear(line) }
        if !complaints.unknown.isEmpty {
            throw SandboxError(
                .invalidArgument, "\(distribution.name) has no packages called \(complaints.unknown.joined(separator: ", "))",
                remedy: "correct the names, or leave them out", backend: backend)
        }
        let last = result.errorText.split(separator: "\n").suffix(4).map { $0.prefix(200) }.joined(separator: " | ")
        throw SandboxError(
            complaints.diskIsFull ? .limitExceeded : .conflict,
            "packages could not be installed in the sandbox (\(result.outcome.summary)): \(last)",
            remedy: "give the session a network that reaches the packages, or say that they are best effort", backend: backend)
    }
}
