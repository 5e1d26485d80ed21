import HTTPTypes

/// A header's name that is written in this source and known to be one.
func field(_ name: StaticString) -> HTTPField.Name {
    guard let field = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is no header's name") }
    return field
}
