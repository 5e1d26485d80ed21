// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "RunCommand",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "sandlot", path: "../..")],
    targets: [.executableTarget(name: "RunCommand", dependencies: [.product(name: "Sandlot", package: "sandlot")])]
)
