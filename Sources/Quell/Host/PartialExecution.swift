#if !hasFeature(Embedded)
  /// Running a part of a program by itself, for tools that look inside. What the part reads is put into scratch memory before, what it
  /// leaves is taken from there.
  extension Session {
    /// How many tokens can be worked on at a time.
    package var lanes: Int { storage.pointee.lanes.count }

    /// The scratch memory of a token, the `number`th of `count` that are worked on together.
    package func scratch(ofToken number: Int, among count: Int) -> UnsafeMutablePointer<Float> {
      storage.pointee.lanes[count - 1 - number].scratch
    }

    /// Runs units of the program for at most ``lanes`` tokens, which lie next to each other in the text from a position on. Every number
    /// is, bit by bit, that of steps.
    ///
    /// The state is that after the tokens before, as far as the units are concerned: a session that is reset before the first token of
    /// a text may run any units over the tokens in order.
    ///
    /// - Parameter visit: Gets the site, the number of the token and the vector of each list of events that is made.
    package func run(
      _ units: ArraySlice<ProgramUnit>, _ tokens: UnsafeBufferPointer<UInt32>, from position: Int,
      visit: ((_ site: Int, _ token: Int, _ input: UnsafeBufferPointer<Float>) -> Void)? = nil
    ) {
      precondition(tokens.count <= lanes && position + tokens.count <= capacity)
      for unit in units {
        guard unit.isRecurrent || visit != nil && !unit.detections.isEmpty else {
          _ = storage.pointee.executeTogether(at: unit.operations.lowerBound, tokens, after: position)
          continue
        }
        storage.pointee.forEachToken(tokens, after: position) { session, token in
          var place = unit.operations.lowerBound
          while place < unit.operations.upperBound {
            let next = session.execute(at: place, token: token)
            if let visit, let detection = unit.detections.first(where: { $0.place == place }) {
              let input = UnsafeBufferPointer(start: session.memory(detection.source), count: session.count(detection.source))
              visit(detection.site, session.position - position, input)
            }
            place = next
          }
        }
      }
      storage.pointee.position = position + tokens.count
    }

    /// The logits of a token, the `number`th of `count` that are worked on together, once the last unit has been run.
    package func logits(ofToken number: Int, among count: Int) -> UnsafeBufferPointer<Float> {
      let logits = storage.pointee.model.pointee.values[storage.pointee.model.pointee.logits]
      return UnsafeBufferPointer(start: scratch(ofToken: number, among: count) + logits.offset, count: logits.count)
    }
  }
#endif
