/// Something that has a path.
protocol HasPath {
    var path: TreePath { get }
}

extension BaseEntry: HasPath {}
extension SideEntry: HasPath {}
extension Decision: HasPath {}

extension Array where Element: HasPath {
    /// Where an element in the order of paths is, or would be.
    func place(of path: TreePath) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].path < path { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The element with a path, in an array in the order of paths.
    func element(at path: TreePath) -> Element? {
        let place = place(of: path)
        return place < count && self[place].path == path ? self[place] : nil
    }
}

/// Finds paths in an array in the order of paths, when they are asked for in that order too.
struct PathCursor<Element: HasPath> {
    private let elements: [Element]
    private var next = 0

    init(_ elements: [Element]) { self.elements = elements }

    /// The element with a path, which must not come before one that was asked for already.
    mutating func element(at path: TreePath) -> Element? {
        while next < elements.count {
            if elements[next].path == path { return elements[next] }
            guard elements[next].path < path else { return nil }
            next += 1
        }
        return nil
    }
}
