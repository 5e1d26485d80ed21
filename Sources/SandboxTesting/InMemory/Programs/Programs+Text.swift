import SandboxCore

extension Programs {
    /// Programs that print and count.
    static let text: [String: Program] = [
        "echo": { context in
            var words = Array(context.arguments.dropFirst())
            let bare = words.first == "-n"
            if bare { words.removeFirst() }
            try await context.write(Array((words.joined(separator: " ") + (bare ? "" : "\n")).utf8))
            return 0
        },
        "printf": { context in
            guard context.arguments.count > 1 else { return 1 }
            try await context.write(PrintFormat.format(context.arguments[1], Array(context.arguments.dropFirst(2))))
            return 0
        },
        "cat": { context in
            try await eachInput(Array(context.arguments.dropFirst()), context) { piece in try await context.write(piece) }
        },
        "tee": { context in
            var copies: [Descriptor] = []
            for path in context.arguments.dropFirst() { copies.append(try context.open(path, .truncate)) }
            while true {
                let piece = try await context.read()
                if piece.isEmpty { return 0 }
                try await context.write(piece)
                for copy in copies { try await copy.sink?.write(piece) }
            }
        },
        "yes": { context in
            let line = Array(((context.arguments.dropFirst().first ?? "y") + "\n").utf8)
            let block = [UInt8]((0..<Swift.max(1, 8192 / line.count)).flatMap { _ in line })
            while true { try await context.write(block) }
        },
        "head": { context in
            var words = Array(context.arguments.dropFirst())
            var bytes: Int?
            var lines = 10
            if words.count >= 2, words[0] == "-c" || words[0] == "-n" {
                if words[0] == "-c" { bytes = Int(words[1]) } else { lines = Int(words[1]) ?? 10 }
                words.removeFirst(2)
            } else if let first = words.first, first.hasPrefix("-"), let count = Int(first.dropFirst()) {
                lines = count
                words.removeFirst()
            }
            guard let source = try context.source(words.first) else { return 0 }
            if var rest = bytes {
                while rest > 0 {
                    let piece = try await source.read(Swift.min(rest, 64 << 10))
                    if piece.isEmpty { break }
                    rest -= piece.count
                    try await context.write(piece)
                }
                return 0
            }
            while lines > 0 {
                let piece = try await source.read(64 << 10)
                if piece.isEmpty { break }
                var end = piece.startIndex
                while end < piece.endIndex, lines > 0 {
                    if piece[end] == 0x0A { lines -= 1 }
                    end += 1
                }
                try await context.write(Array(piece[..<end]))
            }
            return 0
        },
        "wc": { context in
            let words = Array(context.arguments.dropFirst())
            var bytes = 0
            var lines = 0
            let code = try await eachInput(words.filter { !$0.hasPrefix("-") }, context) { piece in
                bytes += piece.count
                lines += piece.count { $0 == 0x0A }
            }
            try await context.print(words.contains("-l") ? "\(lines)" : "\(bytes)")
            return code
        },
        "seq": { context in
            let numbers = context.arguments.dropFirst().compactMap { Int($0) }
            guard let last = numbers.last else { return 1 }
            let first = numbers.count > 1 ? numbers[0] : 1
            var block: [UInt8] = []
            var number = first
            while number <= last {
                block += Array("\(number)\n".utf8)
                number += 1
                if block.count > 32 << 10 || number > last {
                    try await context.write(block)
                    block = []
                }
            }
            return 0
        },
        "basename": { context in
            try await context.print(context.arguments.last?.split(separator: "/").last.map(String.init) ?? "/")
            return 0
        },
        "sort": { context in
            let all = try await Shell.all(of: context.source(context.arguments.dropFirst().first { !$0.hasPrefix("-") }))
            let lines = String(decoding: all, as: UTF8.self).split(separator: "\n").sorted()
            for line in lines { try await context.print(String(line)) }
            return 0
        },
    ]

    /// Reads all named files, or standard input when there is none.
    static func eachInput(
        _ paths: [String], _ context: ProcessContext, _ body: ([UInt8]) async throws -> Void
    ) async throws -> Int32 {
        var code: Int32 = 0
        for path in paths.isEmpty ? ["-"] : paths {
            do {
                guard let source = try context.source(path) else { continue }
                while true {
                    let piece = try await source.read(64 << 10)
                    if piece.isEmpty { break }
                    try await body(piece)
                }
            } catch let refusal as FileRefusal {
                try await context.complain("\(path): \(refusal.message)")
                code = 1
            }
        }
        return code
    }
}

/// Bytes as hexadecimal digits.
enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
