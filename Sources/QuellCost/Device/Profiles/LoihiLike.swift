extension ShippedDevices {
  /// A template without numbers.
  static let loihiLike = #"""
    {
      "format": "quell-device",
      "version": 1,
      "name": "loihi-like",
      "description": "A template: no energy of a synaptic operation has been published with authority, so every number is yours to fill in, with its source.",
      "sources": {"yours": "Say where the figure comes from"},
      "clock_mhz": {"value": null, "source": "yours", "measured": false},
      "lanes": {"value": null, "source": "yours", "measured": false},
      "event_group": {"value": null, "source": "yours", "measured": false},
      "skips_quiet_inputs": true,
      "components": ["linear"],
      "core": {
        "memory_bytes": {"value": null, "source": "yours", "measured": false},
        "count": {"value": null, "source": "yours", "measured": false},
        "static_power_mw": {"value": null, "source": "yours", "measured": false}
      },
      "network": {
        "energy_pj": {"value": null, "source": "yours", "measured": false},
        "cycles": {"value": null, "source": "yours", "measured": false},
        "hops": {"value": null, "source": "yours", "measured": false}
      },
      "uncertainty": {
        "energy": {"value": null, "source": "yours", "measured": false},
        "latency": {"value": null, "source": "yours", "measured": false}
      },
      "instructions": {
        "synaptic_operation": {
          "energy_pj": {"value": null, "source": "yours", "measured": false},
          "cycles": {"value": null, "source": "yours", "measured": false}
        },
        "neuron_update": {
          "energy_pj": {"value": null, "source": "yours", "measured": false},
          "cycles": {"value": null, "source": "yours", "measured": false}
        }
      },
      "controller": {
        "event": {
          "energy_pj": {"value": null, "source": "yours", "measured": false},
          "cycles": {"value": null, "source": "yours", "measured": false}
        }
      },
      "accesses": {
        "load_weight": {
          "energy_pj": {"value": null, "source": "yours", "measured": false},
          "cycles": {"value": null, "source": "yours", "measured": false}
        },
        "load_state": {
          "energy_pj": {"value": null, "source": "yours", "measured": false},
          "cycles": {"value": null, "source": "yours", "measured": false}
        },
        "store_state": {
          "energy_pj": {"value": null, "source": "yours", "measured": false},
          "cycles": {"value": null, "source": "yours", "measured": false}
        }
      },
      "work": {
        "mac_int8": {"load_weight": 1, "synaptic_operation": 1},
        "ac_int8": {"load_weight": 1, "synaptic_operation": 1},
        "sum": {"load_state": 1, "store_state": 1},
        "output": {"neuron_update": 1},
        "compare_input": {},
        "emit_event": {},
        "take_event": {"event": 1}
      }
    }
    """#
}
