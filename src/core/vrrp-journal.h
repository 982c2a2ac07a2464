/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the journal is told: the MESSAGE_ID of each kind of event and the names of our fields. Each
 * id is random, has an entry in data/vrrpd.catalog that says what the event means and what to do,
 * and a line in vrrpd(8); a test compares the three. They are API: added to, never changed.
 */

/* The protocol */
#define JOURNAL_TRANSITION       "ed5f66c4ed3f49bcbf2127bd3bedd4fd"
#define JOURNAL_MASTER           "f631ed96ce2d4ac9990c80606c3cc492" /* another router is */
#define JOURNAL_FAULTS           "ba2e4c62a88d49c8918c708b81df03e7" /* something is wrong */
#define JOURNAL_RECOVERED        "973f0d9bf95046cf9aff1443f9cb118e" /* the last fault went */
#define JOURNAL_PACKETS_REJECTED "d8c79739c0f543399a643585f2f3a951"
#define JOURNAL_SECOND_MASTER    "d4136ae8c7b344b09c03044c8e69efef"
#define JOURNAL_ADDRESS_LIST     "6e3c3209b6cf4b02b9d9a838f151d5bb" /* a peer's differs */
#define JOURNAL_ADDRESS_ERROR    "eeceef566b80443a9d11019240b86bca"
#define JOURNAL_ADDRESS_LOST     "32700d0ccfe64fd99c5a3f3c175b48ff" /* deleted from outside */
#define JOURNAL_FILTER_ERROR     "105e3dcb98cf46709128e65d42ad025d" /* of AcceptMode=no */
#define JOURNAL_SEND_ERROR       "494dd3243be24d24bf3ef32e23bd5c1f"
#define JOURNAL_OVERRUN          "af84a9a7e562477bb68f3162ae381d57" /* packets or links */
#define JOURNAL_NOTES_LOST       "c75d3aeb1dd74db1b536423c5c2e923c"
#define JOURNAL_NUMBER_UNSAVED   "2cefd2ae1c994439b874dd4c5175719a" /* of the AH */

/* Settings */
#define JOURNAL_CONFIG_ERROR     "dda01b74d1f2473c8b548e0716e8af33"
#define JOURNAL_RELOADED         "8faa24ac57184f60884aad36b5a6d14d"
#define JOURNAL_INSTANCE_ADDED   "4e8606d2ac9d4976a8d2e66aa0189f5c"
#define JOURNAL_INSTANCE_CHANGED "c9a6ac1a5be24f2986a6fc8570f721da"
#define JOURNAL_INSTANCE_REMOVED "050a644d3565457dba05aebf817d1e6d"
#define JOURNAL_CHANGE_UNDONE    "6473aea6002b459bbca9b00770e6f901" /* nobody confirmed it */
#define JOURNAL_NOT_STARTED      "61fc8f42464646928b37fb656907ee9a" /* an instance */

/* What operators do */
#define JOURNAL_CALLED       "336f8143935f44baa3fe774f04f00f10" /* a method, and who called it */
#define JOURNAL_HOLD_BEGUN   "00b190e444324a5d94a41a9ddb7cb15f"
#define JOURNAL_HOLD_ENDED   "d6c31438194d45608982c6582f65e488"
#define JOURNAL_PRIORITY_SET "b24dea4c2aac4481ad1985394501576e" /* SetPriority */

/* The daemon */
#define JOURNAL_STARTED       "bed6f35b511d47af8ec58ace938dbe0f"
#define JOURNAL_STOPPING      "160044befa5a4ed09a4bf7702841998e"
#define JOURNAL_STOPPED       "2ac5001cb139451dbcadca3244018788"
#define JOURNAL_START_FAILED  "08210b700d174e4f85da96851c736293"
#define JOURNAL_ENGINE_FAILED "719851cded324258af82d0084b759ecb"
#define JOURNAL_NO_REAL_TIME  "22820dc4ac8b404091d8449d52b26a2f"

/* The bus */
#define JOURNAL_BUS_ABSENT  "aa828273f2214b0c8b1a114bdd69321c"
#define JOURNAL_BUS_PRESENT "4d55d42741894b7689c10cf0ab102fbb"
#define JOURNAL_NAME_MISSED "f493b4e2c8174182813f9a93c258e7c9" /* of the service */
#define JOURNAL_NAME_OWNED  "17774b34b08b4ef9970af69199ab302b"

/* Fields, beside those of systemd.journal-fields(7). */
#define JOURNAL_FIELD_INSTANCE    "VRRP_INSTANCE"
#define JOURNAL_FIELD_INTERFACE   "VRRP_INTERFACE"
#define JOURNAL_FIELD_VRID        "VRRP_VRID"
#define JOURNAL_FIELD_FAMILY      "VRRP_FAMILY" /* ipv4 or ipv6 */
#define JOURNAL_FIELD_STATE       "VRRP_STATE"
#define JOURNAL_FIELD_OLD_STATE   "VRRP_OLD_STATE"
#define JOURNAL_FIELD_REASON      "VRRP_REASON"
#define JOURNAL_FIELD_FAULTS      "VRRP_FAULTS" /* words, separated by spaces */
#define JOURNAL_FIELD_PEER        "VRRP_PEER"   /* an address */
#define JOURNAL_FIELD_ADDRESS     "VRRP_ADDRESS"
#define JOURNAL_FIELD_REJECT      "VRRP_REJECT"
#define JOURNAL_FIELD_SETTINGS    "VRRP_SETTINGS" /* keys, separated by spaces */
#define JOURNAL_FIELD_PRIORITY    "VRRP_PRIORITY"
#define JOURNAL_FIELD_HOLD        "VRRP_HOLD"   /* why it is held, as the holder says */
#define JOURNAL_FIELD_SENDER      "VRRP_SENDER" /* a unique name on the bus */
#define JOURNAL_FIELD_SENDER_UID  "VRRP_SENDER_UID"
#define JOURNAL_FIELD_SENDER_PID  "VRRP_SENDER_PID"
#define JOURNAL_FIELD_METHOD      "VRRP_METHOD" /* of the bus */
#define JOURNAL_FIELD_CONFIG_FILE "CONFIG_FILE"
#define JOURNAL_FIELD_CONFIG_LINE "CONFIG_LINE"
