import SandboxCore
import SystemPackage

/// Many commands, much output.
enum VolumeCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("volume.sequential", "200 commands one after the other, each with its own code and output") { c in
            let sandbox = try await c.makeSandbox()
            for number in 0..<200 {
                let found = try await c.shell("echo \(number); exit \(number)", in: sandbox)
                try c.expect(found.outcome, equals: .exited(code: Int32(number)), "the outcome")
                try c.expect(found.outputText, equals: "\(number)\n", "the output")
            }
        },
        ConformanceCase("volume.concurrent", "64 commands at once, none mixed up") { c in
            let sandbox = try await c.makeSandbox()
            try await burst(c, sandbox, count: 64, width: 64)
        },
        ConformanceCase("volume.thousand", "1000 quick commands, 16 at once", deadline: .seconds(180)) { c in
            let sandbox = try await c.makeSandbox()
            try await burst(c, sandbox, count: 1000, width: 16)
        },
        ConformanceCase("volume.ten-gigabytes", "10 GB of output stream through, every byte counted", isLong: true, deadline: .seconds(600))
        { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("head -c 10000000000 /dev/zero")))
            var count: UInt64 = 0
            let before = residentMemory()
            var most = before
            for try await event in exec.events {
                guard case .output(let chunk) = event else { continue }
                try c.expect(chunk.offset, equals: count, "the offset")
                count += UInt64(chunk.bytes.count)
                if count % 256_000_000 < UInt64(chunk.bytes.count) { most = max(most, residentMemory()) }
            }
            try c.expect(count, equals: 10_000_000_000, "the bytes")
            try c.expect(most - before < 256 << 20, "memory that stays flat", found: "\((most - before) >> 20) MiB more")
        },
    ]

    private static func burst(_ c: ConformanceContext, _ sandbox: any Sandbox, count: Int, width: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= width { try await group.next() }
                group.addTask {
                    let found = try await c.shell("echo n\(number); echo e\(number) >&2; exit \(number % 200)", in: sandbox)
                    try c.expect([found.outputText, found.errorText], equals: ["n\(number)\n", "e\(number)\n"], "the streams")
                    try c.expect(found.outcome, equals: .exited(code: Int32(number % 200)), "the outcome")
                }
            }
            try await group.waitForAll()
        }
    }

    /// Bytes of our own process; 0 where unknown.
    private static func residentMemory() -> Int {
        let words = HostScratch.read("/proc/self/statm")?.split(separator: " ") ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 : 0
    }
}
