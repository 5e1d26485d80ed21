import CSandlotSystem
import Foundation
import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// What a run of the suite may not leave behind.
struct Leftovers {
    var dataDirectory: FilePath
    var scratch: FilePath

    /// A line for each thing that should not be there. A process that is on its way out, as an engine's keeper of a container that was just
    /// removed, is waited for.
    func found() -> [String] {
        for (id, _) in processes() { Self.awaitEnd(id) }
        return directories() + processes().map { "process \($0.id): \($0.text.prefix(200))" } + groups()
    }

    private static func awaitEnd(_ id: Int32) {
        let descriptor = sandlot_pidfd_open(id)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&end, 1, 10_000)
    }

    private func names(in path: FilePath) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? [] }

    private func directories() -> [String] {
        names(in: scratch).map { "file \($0) in the scratch directory" }
            + (["sandboxes", "containers", "machines"] + ServedBackends.folders.map { "\($0)/sandboxes" }).flatMap { collection in
                names(in: dataDirectory.appending(collection)).map { "sandbox directory \(collection)/\($0)" }
            }
    }

    /// Ours are those whose command line names our data directory or a sandbox of ours: a container's guest does.
    private func processes() -> [(id: Int32, text: String)] {
        let known = SeenSandboxes.shared.ids.map(\.rawValue)
        let own = ProcessInfo.processInfo.processIdentifier
        return names(in: "/proc").compactMap { Int32($0) }.filter { $0 != own }.compactMap { id in
            let line = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(id)/cmdline"))) ?? Data()
            let text = String(decoding: line, as: UTF8.self).replacingOccurrences(of: "\0", with: " ")
            let isOurs = text.contains(dataDirectory.string) || known.contains { text.contains($0) }
            return isOurs ? (id, text) : nil
        }
    }

    /// Whatever is called like a sandbox of ours.
    private func groups() -> [String] {
        let known = SeenSandboxes.shared.ids.map(\.rawValue)
        var found: [String] = []
        var waiting = ["/sys/fs/cgroup"]
        while let folder = waiting.popLast() {
            for name in names(in: FilePath(folder)) {
                let path = folder + "/" + name
                // Symbolic links (cpu -> cpu,cpuacct) would show everything twice.
                guard let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType,
                    kind == .typeDirectory
                else { continue }
                if known.contains(where: { name.contains($0) }) { found.append("control group \(path)") }
                waiting.append(path)
            }
        }
        return found
    }
}
