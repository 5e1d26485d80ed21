/// A JSON value. Objects keep the order of their members, so that what is written is the same every time.
public enum JSON: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(Members)

    /// The members of an object in order. Of members with one name the last counts.
    public struct Members: Sendable, Equatable {
        var list: [(name: String, value: JSON)]

        init(_ list: [(name: String, value: JSON)] = []) { self.list = list }

        subscript(name: String) -> JSON? {
            get { list.last { $0.name == name }?.value }
            set {
                list.removeAll { $0.name == name }
                if let newValue { list.append((name, newValue)) }
            }
        }

        /// Same names and values in the same order.
        public static func == (left: Members, right: Members) -> Bool {
            left.list.count == right.list.count && zip(left.list, right.list).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        }
    }
}

extension JSON {
    subscript(name: String) -> JSON? { members?[name] }

    var members: Members? { if case .object(let members) = self { members } else { nil } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    var truth: Bool? { if case .boolean(let truth) = self { truth } else { nil } }

    /// A whole number, also where it was written with a fraction of zero.
    var whole: Int64? {
        switch self {
        case .integer(let number): number
        case .number(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// A number, or null where there is none.
    static func count(_ value: (some BinaryInteger)?) -> JSON { value.map { .integer(Int64(clamping: $0)) } ?? .null }
    /// Text, or null.
    static func words(_ value: (some CustomStringConvertible)?) -> JSON { value.map { .string($0.description) } ?? .null }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// Null.
    public init(nilLiteral: ()) { self = .null }
    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object in this order.
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Members(elements.map { ($0, $1) })) }
}
