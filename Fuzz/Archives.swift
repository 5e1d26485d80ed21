@testable import SandboxAPI
import SandboxCore

/// What an archive holds does not depend on how it comes, and content is never more than the bytes that came.
func fuzzTar(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    let whole = items(mended(stream), cut: stream.count)
    hold(whole == items(mended(stream), cut: Int(first) + 1), "an archive's items depend on how it comes")
}

/// An archive with the sums of its blocks set right: what is behind them would hardly ever be reached.
private func mended(_ stream: [UInt8]) -> [UInt8] {
    var stream = stream
    for start in stride(from: 0, to: stream.count - 511, by: 512) where stream[start + 257] == 0x75 {
        for index in 148..<156 { stream[start + index] = 0x20 }
        let sum = stream[start..<(start + 512)].reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        let text = [UInt8](repeating: 0x30, count: 6 - digits.count) + digits + [0]
        stream.replaceSubrange((start + 148)..<(start + 155), with: text)
    }
    return stream
}

private func items(_ stream: [UInt8], cut: Int) -> [String] {
    var reader = TarReader()
    var seen: [String] = []
    var content = 0
    var position = 0
    while position < stream.count {
        let end = min(stream.count, position + max(1, cut))
        reader.feed(Array(stream[position..<end]))
        position = end
        do {
            while let item = try reader.item() {
                switch item {
                case .content(let bytes): content += bytes.count
                case .entry(let entry): seen.append("\(content) \(entry)")
                case .copy: hold(false, "an archive from outside tells what a file holds already")
                }
            }
        } catch { return seen + ["\(content) refused"] }
    }
    hold(content <= stream.count, "an archive yields more than it holds")
    return seen + ["\(content)"]
}
