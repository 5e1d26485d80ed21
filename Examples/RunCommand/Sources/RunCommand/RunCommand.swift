import Sandlot

@main struct RunCommand {
    static func main() async throws {
        let result = try await Sandlot.withEngine { engine in
            try await engine.withSession { session in
                try await session.run("uname -a; id; echo $((6 * 7))")
            }
        }
        print(result.outputText, terminator: "")
    }
}
