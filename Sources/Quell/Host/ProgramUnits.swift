#if !hasFeature(Embedded)
  /// A piece of a program that is run as a whole, for several tokens: an operation, a chain, or a stretch that depends on what it did
  /// with the token before.
  package struct ProgramUnit {
    /// Where a unit makes the list of events of a site.
    package struct Detection {
      /// The place of the operation, or of the chain that it ends.
      let place: Int
      /// The site.
      package let site: Int
      /// The value that becomes events.
      package let source: Int
    }

    /// Their places in the program.
    package let operations: Range<Int>
    /// Whether it has to be run token by token, from one end to the other.
    let isRecurrent: Bool
    /// The lists of events that it makes, in order.
    package let detections: [Detection]
  }

  extension Model {
    /// The sites in the order of the program.
    package var sitesInOrder: [Int] { units.flatMap { $0.detections.map(\.site) } }

    /// The program as a list of units.
    package var units: [ProgramUnit] {
      let program = storage.pointee.operations
      let recurrence = Recurrence(operations: program, values: storage.pointee.values)
      let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: program.count)
      defer { ends.deallocate() }
      _ = recurrence.mark(ends)
      var units: [ProgramUnit] = []
      var first = 0
      while first < program.count {
        let isRecurrent = ends[first] > 0
        let end = isRecurrent ? Int(ends[first]) : recurrence.next(first)
        var detections: [ProgramUnit.Detection] = []
        var place = first
        while place < end {
          let next = recurrence.next(place)
          // Of a chain only the last operation may make events.
          if case .events(let site, let source) = program[next - 1] {
            detections.append(ProgramUnit.Detection(place: place, site: site, source: source))
          }
          place = next
        }
        units.append(ProgramUnit(operations: first..<end, isRecurrent: isRecurrent, detections: detections))
        first = end
      }
      return units
    }
  }
#endif
