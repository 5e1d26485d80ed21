import Foundation
import Hummingbird

extension Parameters {
    /// A part of the path with its escapes resolved.
    func text(_ name: String) throws -> String {
        let raw = try require(name)
        return raw.removingPercentEncoding ?? raw
    }
}
