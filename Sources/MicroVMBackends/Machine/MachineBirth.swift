import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// What a machine is told about the sandbox that it becomes; until then a machine that began as a copy is one.
struct MachineBirth {
    let bytes: [UInt8]

    init(_ spec: SandboxSpec, workspace: FilePath, shape: MachineShape, hasLifeline: Bool = false) {
        var generator = SystemRandomNumberGenerator()
        func random(_ count: Int) -> String {
            (0..<count).map { _ in
                let text = String(UInt8.random(in: 0 ... .max, using: &generator), radix: 16)
                return text.count == 1 ? "0" + text : text
            }.joined()
        }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var lines = [
            "sandbox \(spec.id)", "hostname \(spec.hostname)", "machine-id \(random(16))",
            "user \(MachineShape.user.uid):\(MachineShape.user.gid)", "workspace \(workspace)", "home \(MachineShape.home)",
            "entropy \(random(64))", "clock \(now.tv_sec) \(now.tv_nsec)", "memory \(shape.memoryLimit)",
        ]
        if hasLifeline { lines.append("ends with-its-maker") }
        if let count = shape.processLimit { lines.append("processes \(count)") }
        if let share = shape.processorLimit { lines.append("processor-microseconds \(share)") }
        bytes = Array((lines.joined(separator: "\n") + "\n\n").utf8)
    }
}
